"""Real stores for tests: started in a folder of the test, killed, and read by a client."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3

from battlescope_local.processes.children import Processes
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores.group import Stores, start_stores
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess


@asynccontextmanager
async def running_stores(folder: Path) -> AsyncGenerator[Stores]:
    state_file = StateFile(folder / "secrets.json")
    processes = Processes(folder / "run", folder / "logs")
    ports = Ports(state_file)
    try:
        async with start_stores(folder, processes, ExternalServers(), state_file, ports) as stores:
            yield stores
    finally:
        ports.release()


async def kill_until_restarted(server: SupervisedProcess) -> None:
    """Kill the server and wait until its supervisor has restarted it and it is ready."""
    assert server.child is not None
    restarts = server.restarts
    os.kill(server.child.pid, signal.SIGKILL)
    async with asyncio.timeout(90):
        while server.restarts == restarts or server.state != "ready":
            await asyncio.sleep(0.01)


def s3_client(access: S3Access) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
    )
