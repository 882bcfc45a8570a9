"""What `battlescope status` tells: stores, functions, Triggers, memory."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import psutil

from battlescope_local.eventing.runtime import Eventing
from battlescope_local.processes.memory import memory
from battlescope_local.serving.revision import Revision
from battlescope_local.settings import Settings
from battlescope_local.stores.group import Stores
from battlescope_local.stores.supervisor import SupervisedProcess


def queues(events: Eventing) -> list[dict[str, Any]]:
    """What waits before each Trigger."""
    return [asdict(one) for one in events.stats()]


def status(
    gateway: str, settings: Settings, stores: Stores, services: Mapping[str, Revision], events: Eventing
) -> dict[str, Any]:
    """Plain values, ready for JSON; memory in bytes."""
    servers = {name: _server(server) for name, server in stores.servers.items()}
    looks = [asdict(one.look()) for one in services.values()]
    node = int(psutil.Process().memory_info().rss)
    return {
        "gateway": gateway,
        "data": settings.data,
        "timers": settings.timers,
        "node": {"pid": os.getpid(), "memory": node},
        "stores": servers,
        "services": looks,
        "triggers": queues(events),
        "memory": node + sum(one["memory"] for one in [*servers.values(), *looks]),
    }


def _server(server: SupervisedProcess) -> dict[str, Any]:
    pid = server.child.pid if server.child else None
    return {"state": server.state, "pid": pid, "restarts": server.restarts, "memory": memory(pid) if pid else 0}
