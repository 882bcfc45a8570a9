"""The supervisor: readiness polls and servers that never become ready."""

import sys
from pathlib import Path

import pytest

from battlescope_local.processes.children import Command, Processes
from battlescope_local.stores import supervisor
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.supervisor import SupervisedProcess


async def test_server_that_never_becomes_ready_is_reported_with_its_obstacle(tmp_path: Path) -> None:
    errors = [StoreError("It lacks a volume."), TimeoutError()]  # the second as at the end of START_LIMIT

    async def probe() -> bool:
        raise errors.pop(0)

    command = Command("sleeper", (sys.executable, "-c", "import time; time.sleep(600)"), tmp_path)
    server = SupervisedProcess(Processes(tmp_path / "run", tmp_path / "logs"), command, probe)
    with pytest.raises(StoreError, match=r"sleeper is not ready after 60 s\. It lacks a volume\."):
        await server.start()
    await server.stop()


@pytest.mark.parametrize(("waited", "pause"), [(0.0, 0.01), (0.1, 0.01), (1.0, 0.05), (60.0, 0.25)])
def test_poll_pause_grows_with_the_time_waited(waited: float, pause: float) -> None:
    assert supervisor.poll_pause(waited) == pytest.approx(pause)
