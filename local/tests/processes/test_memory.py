"""Memory of processes that may end at any moment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from battlescope_local.processes.memory import memory_usage, memory_usage_alone


def test_a_process_occupies_more_with_its_child() -> None:
    own = memory_usage(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert own < memory_usage(os.getpid())
        # Not exactly: the share of a common page changes with every process that starts or ends meanwhile.
        assert memory_usage(child.pid) == pytest.approx(memory_usage_alone(child.pid), abs=2**20)
        assert memory_usage_alone(os.getpid()) < memory_usage(os.getpid())
        child.communicate(b"\n")
    assert memory_usage(child.pid) == memory_usage_alone(child.pid) == 0


def test_a_process_that_ends_while_it_is_measured_occupies_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder in /proc is there when it is found, and gone when its threads are read."""

    def gone(*_: object) -> list[Path]:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "glob", gone)
    assert memory_usage(os.getpid()) == 0
