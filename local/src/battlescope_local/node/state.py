"""The state file of a running node: where it is and how to end it. Readable for its owner only."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from battlescope_local.errors import UserError

FILE: Final = "node.json"
LOCK: Final = "node.lock"


class AlreadyRunningError(UserError):
    """Another node works in this data folder."""


@dataclass(frozen=True, slots=True)
class State:
    pid: int
    started: float
    gateway: str
    fabric: str
    token: str


def write(folder: Path, gateway: str, fabric: str, token: str) -> State:
    state = State(os.getpid(), psutil.Process().create_time(), gateway, fabric, token)
    fresh = folder / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(asdict(state)))
    fresh.replace(folder / FILE)
    return state


def read(folder: Path) -> State | None:
    """The node that runs now; None when there is none, or only the file of one that was killed."""
    try:
        state = State(**json.loads((folder / FILE).read_text()))
        alive = abs(psutil.Process(state.pid).create_time() - state.started) < 1
    except (FileNotFoundError, ValueError, TypeError, psutil.NoSuchProcess):
        return None
    return state if alive else None


def remove(folder: Path) -> None:
    (folder / FILE).unlink(missing_ok=True)


@contextmanager
def sole_node(folder: Path) -> Generator[None]:
    """Hold the folder; the system lets go of it when we die, however that happens."""
    with (folder / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(f"A node already runs in {folder}; `battlescope down` ends it.") from None
        yield
