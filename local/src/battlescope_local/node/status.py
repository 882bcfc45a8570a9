"""Status of a running node: stores, functions, Triggers and memory."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from battlescope_local.eventing.runtime import EventingRuntime
from battlescope_local.processes.memory import memory_usage, memory_usage_alone
from battlescope_local.serving.revision import Revision
from battlescope_local.settings import Settings
from battlescope_local.stores.group import Stores
from battlescope_local.stores.supervisor import SupervisedProcess


def trigger_stats(eventing: EventingRuntime) -> list[dict[str, Any]]:
    """Deliveries and lag of each Trigger."""
    return [asdict(stats) for stats in eventing.stats()]


def status(
    gateway: str, settings: Settings, stores: Stores, services: Mapping[str, Revision], eventing: EventingRuntime
) -> dict[str, Any]:
    """Status as values that json can write; memory in bytes."""
    store_statuses = {name: _store_status(server) for name, server in stores.servers.items()}
    service_statuses = [asdict(service.status()) for service in services.values()]
    node_memory = memory_usage_alone(os.getpid())
    return {
        "gateway": gateway,
        "data": settings.data,
        "timers": settings.timers,
        "node": {"pid": os.getpid(), "memory": node_memory},
        "stores": store_statuses,
        "services": service_statuses,
        "triggers": trigger_stats(eventing),
        "memory": node_memory + sum(part["memory"] for part in [*store_statuses.values(), *service_statuses]),
    }


def _store_status(server: SupervisedProcess) -> dict[str, Any]:
    pid = server.child.pid if server.child else None
    return {"state": server.state, "pid": pid, "restarts": server.restarts, "memory": memory_usage(pid) if pid else 0}
