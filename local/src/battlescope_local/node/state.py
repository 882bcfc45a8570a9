"""State file of a running node: its addresses and the token that stops it. Only its owner can read the file."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from battlescope_events.server import file_locks
from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError

STATE_FILE: Final = "node.json"
LOCK_FILE: Final = "node.lock"


class AlreadyRunningError(UserError):
    """Another node runs in this data folder."""


@dataclass(frozen=True, slots=True)
class NodeState:
    pid: int
    started_at: float
    gateway_url: str
    internal_url: str
    token: str
    access_mode: str = "off"


def write(folder: Path, gateway_url: str, internal_url: str, token: str, access_mode: str = "off") -> NodeState:
    state = NodeState(os.getpid(), psutil.Process().create_time(), gateway_url, internal_url, token, access_mode)
    new_file = folder / f"{STATE_FILE}.new"
    new_file.unlink(missing_ok=True)
    new_file.touch(mode=0o600)
    new_file.write_text(json.dumps(asdict(state)))
    new_file.replace(folder / STATE_FILE)
    return state


def read(folder: Path) -> NodeState | None:
    """State of the node that runs in `folder`; None without a state file, or when its node was killed."""
    try:
        state = NodeState(**json.loads((folder / STATE_FILE).read_text()))
        process = psutil.Process(state.pid)
        # A killed process whose parent does not wait for it remains as a zombie, usually in a container.
        alive = abs(process.create_time() - state.started_at) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ValueError, TypeError, psutil.NoSuchProcess):
        return None
    return state if alive else None


def remove(folder: Path) -> None:
    (folder / STATE_FILE).unlink(missing_ok=True)


def is_locked(folder: Path) -> bool:
    """Whether a node holds the folder: it runs, starts or stops."""
    return file_locks.is_locked(folder / LOCK_FILE)


@contextmanager
def lock_folder(folder: Path) -> Generator[None]:
    """Lock the data folder; the operating system releases the lock when this process ends, even by a kill."""
    file = folder / LOCK_FILE
    file.touch(mode=0o600)
    with file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(f"A node already runs in {folder}; `{typed_command('down')}` stops it.") from None
        yield
