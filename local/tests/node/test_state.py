"""The state file of a node: who counts as running."""

import json
import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from battlescope_local.node import state
from battlescope_local.node.client import NotRunningError, running_node


def write_state(folder: Path, pid: int, created: float) -> None:
    values = {"pid": pid, "started_at": created, "gateway_url": "g", "internal_url": "i", "token": "t"}
    (folder / state.STATE_FILE).write_text(json.dumps(values))


def test_zombie_does_not_run(tmp_path: Path) -> None:
    """A killed node whose parent does not wait for it, as in a container."""
    process = subprocess.Popen(["sleep", "600"])
    write_state(tmp_path, process.pid, psutil.Process(process.pid).create_time())
    assert state.read(tmp_path) is not None
    process.kill()
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert state.read(tmp_path) is None
    process.wait()


def test_other_process_with_the_pid_is_not_the_node(tmp_path: Path) -> None:
    write_state(tmp_path, os.getpid(), psutil.Process().create_time() - 100)
    assert state.read(tmp_path) is None


def test_starting_node_is_not_reported_as_absent(tmp_path: Path) -> None:
    for system in (".", "dev", "demo"):
        folder = tmp_path / system
        folder.mkdir(exist_ok=True)
        with pytest.raises(NotRunningError, match="No BattleScope runs"):
            running_node(tmp_path)
        with state.lock_folder(folder), pytest.raises(NotRunningError, match="is starting or stopping"):
            running_node(tmp_path)
