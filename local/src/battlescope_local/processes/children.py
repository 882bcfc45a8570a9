"""Child processes of the node: each runs in a process group of its own and has a pid file.

On Linux a child dies with its node, even when the node is killed. On other systems, and for children that survive, the
pid files tell the next node what to stop; the start time in them protects a foreign process with a reused pid.
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

GRACE: Final = 10.0  # seconds between the stop signal and the death signal; a function finishes its request in less
LAST_GRACE: Final = 0.5  # seconds between the death signal and SIGKILL; a process without data to write takes less
LOG_LIMIT: Final = 10_000_000  # bytes at which a log is rotated, checked when a child starts
PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before any fork


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a process.

    log: name of the log file, which all instances of a service share; `name` if empty.
    death_signal: the signal that the process receives when the node dies.
    """

    name: str
    argv: tuple[str, ...]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    user: int | None = None
    log: str = ""
    stop_signal: Signals = signal.SIGTERM
    death_signal: Signals = signal.SIGKILL


class Child:
    def __init__(self, command: Command, process: asyncio.subprocess.Process, pid_file: Path) -> None:
        self.command, self.pid_file = command, pid_file
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
    """All children of one node. `run` is the folder of pid files, `logs` that of their output."""

    def __init__(self, run: Path, logs: Path) -> None:
        self._run, self._logs = run, logs
        self._children: set[Child] = set()
        for folder in (run, logs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def log_file(self, command: Command) -> Path:
        return self._logs / f"{command.log or command.name}.log"

    async def start(self, command: Command) -> Child:
        path = self.log_file(command)
        _rotate(path)
        with path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(command.env),
                cwd=command.folder,
                start_new_session=True,
                preexec_fn=_child_setup(command),
            )
        child = Child(command, process, self._run / f"{command.name}-{process.pid}.json")
        self._children.add(child)
        is_recorded = False
        try:
            _write_pid_file(child)
            is_recorded = True
        finally:
            if not is_recorded:  # the next node would not find it
                await self.stop(child, 0)
        return child

    async def wait(self, child: Child) -> int:
        """Wait until `child` has ended by itself, then kill what it started and return its exit code."""
        code = await child.wait()
        self._clean_up(child)
        return code

    async def stop(self, child: Child, grace: float = GRACE) -> None:
        """Send the stop signal, then the death signal, then SIGKILL."""
        if child.alive and not await _signal_and_wait(child, child.command.stop_signal, grace):
            logger.warning("Killing %s, which did not stop within %g s.", child.command.name, grace)
            if not await _signal_and_wait(child, child.command.death_signal, LAST_GRACE):
                _signal_group(child.pid, signal.SIGKILL)
                await child.wait()
        self._clean_up(child)

    async def stop_all(self, grace: float = GRACE) -> None:
        await asyncio.gather(*(self.stop(child, grace) for child in list(self._children)))

    def _clean_up(self, child: Child) -> None:
        if child not in self._children:
            return  # cleaned up before; another process may have its pid by now
        _signal_group(child.pid, signal.SIGKILL)
        self._children.discard(child)
        child.pid_file.unlink(missing_ok=True)


async def _signal_and_wait(child: Child, number: int, seconds: float) -> bool:
    _signal_group(child.pid, number)
    try:
        await asyncio.wait_for(child.wait(), seconds)
    except TimeoutError:
        return False
    return True


def end_leftovers(run: Path, grace: float = GRACE) -> tuple[str, ...]:
    """Stop processes that a killed node left running, and return their names."""
    leftovers: dict[psutil.Process, str] = {}
    for pid_file in run.glob("*.json"):
        process = _recorded_process(pid_file)
        if process is not None:
            values = json.loads(pid_file.read_text())
            _signal_group(process.pid, Signals(values["stop_signal"]))
            leftovers[process] = values["name"]
    _, stubborn = psutil.wait_procs(list(leftovers), timeout=grace)
    for process in stubborn:
        _signal_group(process.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=grace)
    for pid_file in run.glob("*.json"):
        pid_file.unlink(missing_ok=True)
    return tuple(leftovers.values())


def log_tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message; of lines in JSON only level and message."""
    if not path.is_file():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 16_384))
        last_lines = log.read().decode(errors="replace").splitlines()[-lines:]
    return "\n".join(map(_readable, last_lines))


def _readable(line: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        entry = json.loads(line)
        return f"{entry['level']}: {entry['message']}"
    except (ValueError, KeyError):
        return line


def _recorded_process(pid_file: Path) -> psutil.Process | None:
    try:
        values = json.loads(pid_file.read_text())
        process = psutil.Process(values["pid"])
        same = abs(process.create_time() - values["started"]) < 0.05 and process.status() != psutil.STATUS_ZOMBIE  # noqa: PLR2004  # clock ticks are 10 ms
    except (OSError, ValueError, KeyError, psutil.Error):
        return None  # the pid file is incomplete, because its node was killed, or the process has ended
    return process if same else None


def _write_pid_file(child: Child) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended, so that no node has to stop it
        values = {
            "name": child.command.name,
            "pid": child.pid,
            "started": psutil.Process(child.pid).create_time(),
            "stop_signal": int(child.command.stop_signal),
        }
        child.pid_file.write_text(json.dumps(values))


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _rotate(path: Path) -> None:
    if path.is_file() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".1.log"))


def _child_setup(command: Command) -> Callable[[], None]:
    """A function for the child to call between fork and exec: set its user, and request a signal when the node dies.

    The order matters, because a change of the user clears the request. uvloop does not support Popen's `user`.
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
