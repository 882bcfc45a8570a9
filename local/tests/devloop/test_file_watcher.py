"""The file watcher detects changed source files."""

from pathlib import Path

from battlescope_local.devloop.file_watcher import changed_files, snapshot, watch_changes


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_snapshot_contains_only_source_files(tmp_path: Path) -> None:
    source = tmp_path / "functions" / "a" / "src" / "a" / "main.py"
    write(source, "x = 1\n")
    write(tmp_path / "functions" / "a" / "tests" / "test_a.py", "")
    before = snapshot(tmp_path)
    write(source.parent / "__pycache__" / "main.py", "")
    write(source.parent / ".main.py", "")
    write(source.parent / "main.py~", "")
    assert set(snapshot(tmp_path)) == {source}
    write(source, "x = 12\n")
    assert changed_files(before, snapshot(tmp_path)) == {source}
    source.unlink()
    assert changed_files(before, snapshot(tmp_path)) == {source}


async def test_files_saved_in_succession_are_one_change() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    snapshots = iter([{}, {a: (1, 1)}, {a: (1, 1), b: (1, 1)}, {a: (1, 1), b: (1, 1)}, {c: (2, 2)}, {c: (2, 2)}])
    changes = watch_changes(Path(), lambda _: next(snapshots), 0)
    assert [await anext(changes), await anext(changes)] == [{a, b}, {a, b, c}]
