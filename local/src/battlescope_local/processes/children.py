"""Children of the node: started in process groups of their own, noted in pid files, and ended without leftovers.

On Linux a child dies with the node even when that is killed. Elsewhere, and for what slipped through, the pid files
tell the next node what to end; the start time in them keeps a foreign process with a reused pid safe.
"""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Final

import psutil

logger = logging.getLogger(__name__)

GRACE: Final = 10.0  # seconds between asking and killing; a function finishes its request in less
LAST_GRACE: Final = 0.5  # seconds between the last word and the kill; without data to write it takes less
LOG_LIMIT: Final = 10_000_000  # bytes at which a log makes room for a new one, checked when a child starts
PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before any fork


@dataclass(frozen=True, slots=True)
class Command:
    """`log` names the log file; instances of one service share theirs. `death_signal` comes when the node is gone."""

    name: str
    argv: tuple[str, ...]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    user: int | None = None
    log: str = ""
    stop_signal: Signals = signal.SIGTERM
    death_signal: Signals = signal.SIGKILL


class Child:
    def __init__(self, command: Command, process: asyncio.subprocess.Process, note: Path) -> None:
        self.command, self.note = command, note
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        return await self._process.wait()


class Processes:
    """All children of one node. `run` holds the pid files, `logs` what the children say."""

    def __init__(self, run: Path, logs: Path) -> None:
        self._run, self._logs = run, logs
        self._children: set[Child] = set()
        for folder in (run, logs):
            folder.mkdir(parents=True, exist_ok=True)

    def log_file(self, command: Command) -> Path:
        return self._logs / f"{command.log or command.name}.log"

    async def start(self, command: Command) -> Child:
        path = self.log_file(command)
        _make_room(path)
        with path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(command.env),
                cwd=command.folder,
                start_new_session=True,
                preexec_fn=_as_child_of_ours(command),
            )
        child = Child(command, process, self._run / f"{command.name}-{process.pid}.json")
        _write_note(child)
        self._children.add(child)
        return child

    async def wait(self, child: Child) -> int:
        """Until `child` has ended by itself; what it started ends with it."""
        code = await child.wait()
        self._forget(child)
        return code

    async def stop(self, child: Child, grace: float = GRACE) -> None:
        """Asked, then told in its own way to drop everything, then killed."""
        if child.alive and not await _ended(child, child.command.stop_signal, grace):
            logger.warning("%s did not end within %g s and is killed.", child.command.name, grace)
            if not await _ended(child, child.command.death_signal, LAST_GRACE):
                _signal_group(child.pid, signal.SIGKILL)
                await child.wait()
        self._forget(child)

    async def stop_all(self, grace: float = GRACE) -> None:
        await asyncio.gather(*(self.stop(child, grace) for child in list(self._children)))

    def _forget(self, child: Child) -> None:
        if child not in self._children:
            return  # seen to before; its number may be somebody else's by now
        _signal_group(child.pid, signal.SIGKILL)
        self._children.discard(child)
        child.note.unlink(missing_ok=True)


async def _ended(child: Child, number: int, seconds: float) -> bool:
    _signal_group(child.pid, number)
    try:
        await asyncio.wait_for(child.wait(), seconds)
    except TimeoutError:
        return False
    return True


def end_leftovers(run: Path, grace: float = GRACE) -> tuple[str, ...]:
    """End what a killed node left running; gives the names of those that were still there."""
    found: dict[psutil.Process, str] = {}
    for note in run.glob("*.json"):
        process = _noted(note)
        if process is not None:
            values = json.loads(note.read_text())
            _signal_group(process.pid, Signals(values["stop_signal"]))
            found[process] = values["name"]
    _, stubborn = psutil.wait_procs(list(found), timeout=grace)
    for process in stubborn:
        _signal_group(process.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=grace)
    for note in run.glob("*.json"):
        note.unlink(missing_ok=True)
    return tuple(found.values())


def tail_of(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error that people read."""
    if not path.is_file():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 16_384))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def _noted(note: Path) -> psutil.Process | None:
    try:
        values = json.loads(note.read_text())
        process = psutil.Process(values["pid"])
        same = abs(process.create_time() - values["started"]) < 0.05 and process.status() != psutil.STATUS_ZOMBIE  # noqa: PLR2004 -- clock ticks are 10 ms
    except (OSError, ValueError, KeyError, psutil.Error):
        return None  # half written by a node that died, or long gone
    return process if same else None


def _write_note(child: Child) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # ended already: nothing will be left of it
        values = {
            "name": child.command.name,
            "pid": child.pid,
            "started": psutil.Process(child.pid).create_time(),
            "stop_signal": int(child.command.stop_signal),
        }
        child.note.write_text(json.dumps(values))


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _make_room(path: Path) -> None:
    if path.is_file() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".1.log"))


def _as_child_of_ours(command: Command) -> Callable[[], None]:
    """What a child does between fork and exec: become its user, and ask for a signal when the node dies.

    In this order, for becoming somebody else forgets the signal. Not by Popen's `user`, which uvloop does not know.
    """
    libc, node = _libc, os.getpid()

    def bind() -> None:
        if command.user is not None:
            os.setgroups([])
            os.setgid(command.user)
            os.setuid(command.user)
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(command.death_signal), 0, 0, 0)
        if os.getppid() != node:
            os.kill(os.getpid(), signal.SIGKILL)

    return bind
