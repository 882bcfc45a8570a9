"""Whether a process holds the lock of a file."""

import fcntl
from pathlib import Path

from battlescope_events.server.file_locks import is_locked


def test_lock_is_seen_while_it_is_held(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert not is_locked(file)
    with file.open("w") as lock:
        assert not is_locked(file)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert is_locked(file)
        assert is_locked(file)  # the question itself leaves no lock
    assert not is_locked(file)


def test_question_does_not_hinder_the_next_lock(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.touch()
    assert not is_locked(file)
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert is_locked(file)


def test_readers_of_a_file_are_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.touch()
    with file.open() as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        assert not is_locked(file)
