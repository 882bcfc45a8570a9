"""Memory of a process and its descendants."""

import contextlib
from pathlib import Path

import psutil


def memory_usage(pid: int) -> int:
    """Bytes that the process and its descendants occupy; shared pages count once where the system reports PSS."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return sum(_resident_bytes(process) for process in [psutil.Process(pid), *_descendants(pid)])
    return 0


def memory_usage_alone(pid: int) -> int:
    """Bytes that the process occupies without its descendants; as in `memory_usage`."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return _resident_bytes(psutil.Process(pid))
    return 0


def _descendants(pid: int) -> list[psutil.Process]:
    """Read from /proc where it lists children: psutil would look at every process of the machine."""
    try:
        child_lists = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except FileNotFoundError as error:  # it ended between two looks at its folder
        raise psutil.NoSuchProcess(pid) from error
    if not child_lists:
        return psutil.Process(pid).children(recursive=True)
    child_pids = [int(number) for path in child_lists for number in _read_words(path)]
    return [process for child in child_pids for process in _existing_with_descendants(child)]


def _read_words(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_text().split()
    return []


def _existing_with_descendants(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [psutil.Process(pid), *_descendants(pid)]
    return []


def _resident_bytes(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return int(process.memory_info().rss)
    return 0
