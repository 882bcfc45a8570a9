"""Where a check is switched off, the reason stands beside it; one that holds for a folder is in pyproject.toml."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from battlescope_local.devtools.project import ROOT

IGNORE = re.compile(r"# *(?:noqa|pragma|type: *ignore|pyright:|ruff:)")
WITH_REASON = re.compile(r"# (?:(?:ruff: )?noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|pyright: ignore\[\w+(?:, \w+)*\])  # \S.+$")
FOLDERS = ("bench", "events", "functions", "local", "shared-schemas")


def ignores() -> Iterator[tuple[str, str]]:
    """The place and the comment of each."""
    for folder in FOLDERS:
        for file in sorted({*(ROOT / folder).rglob("*.py")} - {Path(__file__)}):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                if found := IGNORE.search(line):
                    yield f"{file.relative_to(ROOT)}:{number}", line[found.start() :]


def test_every_ignore_has_its_reason() -> None:
    """Without one nobody knows when it may go; `make check` refuses those that are needed no more."""
    assert [place for place, comment in ignores() if not WITH_REASON.match(comment)] == []


@pytest.mark.parametrize(
    "comment", ["# noqa", "# noqa: S101", "# type: ignore[arg-type]  # a stand-in", "# pyright: ignore[reportX] why"]
)
def test_comment_without_a_reason_is_found(comment: str) -> None:
    assert IGNORE.search(comment)
    assert not WITH_REASON.match(comment)


def test_tests_have_no_ignores_of_types() -> None:
    """Nothing checks the types of tests, so that such a comment says nothing."""
    assert [place for place, comment in ignores() if "/tests/" in place and "pyright" in comment] == []
