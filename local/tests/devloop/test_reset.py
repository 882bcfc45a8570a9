"""Data is deleted only after a confirmation, and only in data folders of BattleScope."""

from pathlib import Path

import pytest

from battlescope_local.devloop.reset import confirm, reset_all
from battlescope_local.errors import UserError
from battlescope_local.node.client import active_folder, system_folder
from battlescope_local.stores import s3
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_sockets_of_a_killed_store_are_deleted_with_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sockets, data = tmp_path / "sockets", tmp_path / "data"
    monkeypatch.setattr(s3, "SOCKETS", sockets)
    write(data / "dev" / "node.lock", "")
    (data / "dev" / "run").mkdir()
    port = Ports(StateFile(data / "dev" / "secrets.json")).get("filer-grpc")
    write(sockets / f"seaweedfs-filer-grpc-{port}.sock", "")
    reset_all(data, yes=True)
    assert list(sockets.iterdir()) == []


@pytest.mark.parametrize(("answer", "confirmed"), [("y", True), ("YES", True), ("", False), ("n", False)])
def test_deletion_needs_a_confirmation_at_a_terminal(
    answer: str, monkeypatch: pytest.MonkeyPatch, *, confirmed: bool
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if confirmed:
        confirm("everything.", yes=False)
    else:
        with pytest.raises(UserError, match="Nothing was deleted"):
            confirm("everything.", yes=False)


def test_folder_that_no_node_has_used_is_never_deleted(tmp_path: Path) -> None:
    file = tmp_path / "home" / "thesis.txt"
    write(file, "x")
    with pytest.raises(UserError, match="does not look like"):
        reset_all(file.parent, yes=True)
    assert file.is_file()
    assert active_folder(tmp_path) == tmp_path
    assert system_folder(tmp_path, "dev") == tmp_path / "dev"
