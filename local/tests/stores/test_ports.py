"""Ports of the servers that a node starts."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from battlescope_local.stores import ports as ports_module
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile

TAKE_STORED_PORT: Final = """
import sys
from pathlib import Path
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile

print(Ports(StateFile(Path(sys.argv[1]))).get("filer"))
"""


def test_stored_port_must_be_usable_too(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "secrets.json")
    first = Ports(state_file).get("volume-grpc")

    assert Ports(state_file).get("volume-grpc") == first
    assert Ports(state_file).get("volume-grpc", lambda port: port != first) != first


def test_starts_at_the_same_time_never_choose_the_same_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server listens yet, so that the port itself is free for both."""
    any_start = Ports(StateFile(tmp_path / "any.json"))
    number = any_start.get("filer")
    any_start.release()
    monkeypatch.setattr(ports_module, "PORT_RANGE", range(number, number + 1))
    first, second = (Ports(StateFile(tmp_path / name)) for name in ("first.json", "second.json"))

    assert first.get("filer") == number
    with pytest.raises(StoreError, match="is free"):
        second.get("filer")

    first.release()
    assert second.get("filer") == number


def test_stored_port_that_another_process_has_reserved_is_replaced(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "secrets.json")
    ports = Ports(state_file)
    reserved = ports.get("filer")
    command = [sys.executable, "-c", TAKE_STORED_PORT, str(tmp_path / "secrets.json")]

    process = subprocess.run(command, check=True, capture_output=True, text=True)

    assert int(process.stdout) != reserved
