"""Child processes die with their node, and nodes stop leftovers but no foreign process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from battlescope_local.processes.children import Child, Command, Processes, end_leftovers, log_tail
from battlescope_local.processes.memory import memory_usage

SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
STUBBORN = (sys.executable, "-c", "import signal,time; signal.signal(15, 1); print('up', flush=True); time.sleep(600)")
START_CHILD = "import subprocess,sys,time; subprocess.Popen([sys.executable,'-c','import time; time.sleep(600)']);"
PARENT = (sys.executable, "-c", f"{START_CHILD} print('up', flush=True); time.sleep(600)")
NODE = """
import asyncio, sys
from pathlib import Path
from battlescope_local.processes.children import Command, Processes
async def main():
    folder = Path(sys.argv[1])
    sleep = (sys.executable, "-c", "import time; time.sleep(600)")
    child = await Processes(folder / "run", folder / "logs").start(Command("child", sleep, folder))
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def started(processes: Processes, folder: Path, argv: tuple[str, ...]) -> Child:
    child = await processes.start(Command("child", argv, folder, stop_signal=signal.SIGTERM))
    while "up" not in log_tail(processes.log_file(child.command)):
        await asyncio.sleep(0.01)
    return child


@pytest.mark.parametrize(("argv", "grace"), [(SLEEP, 10.0), (STUBBORN, 0.1), (PARENT, 10.0)])
async def test_stop_ends_the_process_group(tmp_path: Path, argv: tuple[str, ...], grace: float) -> None:
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    child = await started(processes, tmp_path, argv)
    family = [child.pid, *(process.pid for process in psutil.Process(child.pid).children())]
    assert memory_usage(child.pid) > 0
    await processes.stop_all(grace)
    await asyncio.to_thread(wait_for, lambda: all(has_ended(pid) for pid in family))
    assert not list((tmp_path / "run").iterdir())


def test_child_dies_with_a_killed_node(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", NODE, str(tmp_path)], stdout=subprocess.PIPE) as node:
        assert node.stdout
        child = int(node.stdout.readline())
        assert not has_ended(child)
        node.kill()
    wait_for(lambda: has_ended(child))
    assert end_leftovers(tmp_path / "run") == ()
    assert not list((tmp_path / "run").iterdir())


def test_leftovers_are_stopped_and_foreign_processes_are_not(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with (
        subprocess.Popen(SLEEP, start_new_session=True) as leftover,
        subprocess.Popen(SLEEP, start_new_session=True) as foreign,
    ):
        created_at = psutil.Process(leftover.pid).create_time()
        for name, process, started_at in (("left", leftover, created_at), ("reused", foreign, created_at - 100)):
            record = {"name": name, "pid": process.pid, "started": started_at, "stop_signal": 15}
            (run / f"{name}.json").write_text(json.dumps(record))
        (run / "torn.json").write_text("{")
        assert end_leftovers(run) == ("left",)
        assert has_ended(leftover.pid)
        assert not has_ended(foreign.pid)
        os.killpg(foreign.pid, signal.SIGKILL)


def test_end_of_a_log_shows_messages_instead_of_json(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text('{"level": "ERROR", "message": "No network.", "line": 7}\n{"no": "entry"}\n{half\nplain\n')
    assert log_tail(log) == 'ERROR: No network.\n{"no": "entry"}\n{half\nplain'
    assert log_tail(log, 1) == "plain"
