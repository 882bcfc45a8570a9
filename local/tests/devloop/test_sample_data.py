"""`battlescope db sample`: the sample is the beginning of the simulated feed, and the command loads it."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from battlescope_local.devloop.sample_data import sample_killmails
from battlescope_local.node import state


def test_sample_is_the_beginning_of_the_feed() -> None:
    sample = sample_killmails(30)
    assert len({killmail["killmail_id"] for killmail in sample}) == 30
    assert sample_killmails(5) == sample[:5]
    assert all(re.fullmatch("[0-9a-f]{40}", killmail["killmail_hash"]) for killmail in sample)


@pytest.mark.e2e
@pytest.mark.stores
def test_command_loads_the_sample_and_stops_what_it_started(nobodys_folder: Callable[[], Path]) -> None:
    data = nobodys_folder() / "sample"
    battlescope = str(Path(sys.executable).parent / "battlescope")
    command = [battlescope, "--data", str(data), "db", "sample", "--mails", "100"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert output.returncode == 0, output.stdout + output.stderr
    loaded = re.search(r"Loaded 100 killmails; there are (\d+) battles", output.stdout)
    assert loaded, output.stdout
    assert int(loaded[1]) > 0
    assert state.read(data / "dev") is None
