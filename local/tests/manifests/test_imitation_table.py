"""The table in README.md of what local mode imitates names every kind and only tests that exist."""

import re
from pathlib import Path

import pytest

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests.loading import SUPPORTED_KINDS

TABLE_TITLE = "## What local mode imitates"


def table_rows() -> list[list[str]]:
    text = (ROOT / "local" / "README.md").read_text()
    section = text[text.index(TABLE_TITLE) :].split("\n## ")[0]
    rows = [line[1:-1].split("|") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


def existing_tests() -> set[str]:
    files = [path for folder in ("local", "events") for path in Path(ROOT / folder).rglob("test_*.py")]
    functions = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    return {name for path in files for name in (path.name, *functions.findall(path.read_text()))}


def test_every_row_has_a_part_both_sides_and_its_tests() -> None:
    rows = table_rows()
    assert len(rows) > 25
    assert {len(row) for row in rows} == {4}
    assert [part for part, same, different, _ in rows if not (part and (same or different))] == []


@pytest.mark.parametrize("kind", sorted(kind for _, kind in SUPPORTED_KINDS))
def test_every_kind_that_is_read_has_a_row(kind: str) -> None:
    assert any(re.match(rf"{kind}s?\b", part) for part, *_ in table_rows())


def test_named_tests_exist() -> None:
    named = {name for row in table_rows() for name in re.findall(r"`(test_[\w.]+)`", row[3])}
    assert named - existing_tests() == set()
    assert len(named) > 30
