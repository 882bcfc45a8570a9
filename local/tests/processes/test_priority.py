"""A process stands back as far as its request of CPU says, whatever groups the kernel shares the processor by."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from battlescope_local.processes.children import Command, Processes
from battlescope_local.processes.priority import MAX_NICE, nice_level, stand_back

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")


def group_level(pid: int) -> int | None:
    """None where the kernel has no groups of sessions, or the processes are in a control group."""
    try:
        text = Path(f"/proc/{pid}/autogroup").read_text()
    except OSError:
        return None
    return int(text.rpartition(" ")[2]) if text else None


@pytest.mark.parametrize(
    ("cpu_request", "level"), [(1000, 0), (250, 0), (100, 4), (50, 7), (25, 10), (10, 14), (1, 19)]
)
def test_level_has_the_weight_of_the_request(cpu_request: int, level: int) -> None:
    assert nice_level(cpu_request) == level


@pytest.mark.parametrize("nice", [0, 7])
async def test_session_gets_the_level(tmp_path: Path, nice: int) -> None:
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    child = await processes.start(Command("child", SLEEP, tmp_path))
    try:
        await stand_back(child.pid, nice)
        expected = min(os.getpriority(os.PRIO_PROCESS, 0) + nice, MAX_NICE)
        assert psutil.Process(child.pid).nice() == expected
        assert group_level(child.pid) in {None, nice}
    finally:
        await processes.stop_all(0)


async def test_process_that_has_ended_is_no_error(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    child = await processes.start(Command("child", (sys.executable, "-c", ""), tmp_path))
    await processes.wait(child)
    await stand_back(child.pid, 7)
    assert not child.alive
