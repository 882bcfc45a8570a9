"""Ports of the servers that a node starts."""

from pathlib import Path

from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile


def test_stored_port_must_be_usable_too(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "secrets.json")
    first = Ports(state_file).get("volume-grpc")

    assert Ports(state_file).get("volume-grpc") == first
    assert Ports(state_file).get("volume-grpc", lambda port: port != first) != first
