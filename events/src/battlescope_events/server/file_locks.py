"""Whether a process holds the lock of a file.

The system releases a lock when the process that holds it ends, even by a kill; a file that only says that a process
runs would go on saying so.
"""

import fcntl
from pathlib import Path


def is_locked(file: Path) -> bool:
    """Whether a process holds an exclusive lock (`flock`) of the file; a file that does not exist has none."""
    try:
        with file.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
