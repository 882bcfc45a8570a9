"""Memory of a process and of what it started."""

import contextlib
from pathlib import Path

import psutil


def memory(pid: int) -> int:
    """Bytes that the process and its descendants occupy, shared pages counted once where the system tells."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return sum(_occupied(process) for process in [psutil.Process(pid), *_descendants(pid)])
    return 0


def _descendants(pid: int) -> list[psutil.Process]:
    """Asked of Linux directly: psutil would look at every process of the machine."""
    listed = list(Path(f"/proc/{pid}/task").glob("*/children"))
    if not listed:
        return psutil.Process(pid).children(recursive=True)
    children = [int(number) for path in listed for number in _words(path)]
    return [one for child in children for one in (*_process(child), *_descendants(child))]


def _words(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_text().split()
    return []


def _process(pid: int) -> tuple[psutil.Process, ...]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return (psutil.Process(pid),)
    return ()


def _occupied(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return int(process.memory_info().rss)
    return 0
