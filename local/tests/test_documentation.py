"""What the documents name exists: links, tests, and files of the code. A reader who finds nothing trusts nothing."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from battlescope_local.devtools.project import ROOT

HISTORY: Final = {"CHANGELOG.md", "BENCHMARKS.md"}  # they name what existed at their time
EXAMPLES: Final = {"x.py", "test_x.py"}  # stand for any name
LINK: Final = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
CODE: Final = re.compile(r"`([^`\n]+)`")
TEST: Final = re.compile(r"\btest_\w+(?!\w*\.py)…?")
PYTHON_FILE: Final = re.compile(r"(?<![*\w./-])[\w./-]*(?:\{[\w,]+\}|\w)\.py\b")
NUMBERED: Final = re.compile(r"(\d+)\. ")
CELL: Final = re.compile(r"(?<!\\)\|")
# Words that a reader with other first language has to look up, and plain ones for them.
PLAIN_WORDS: Final = {
    "anew": "again",
    "whoever": "everybody who, the caller that",
    "dearest": "most expensive",
    "taken away": "removed, revoked, subtracted",
    "taken off": "removed",
    "at hand": "installed, there",
    "whilst": "while",
    "afresh": "again",
    "very moment": "moment",
    "thrown out": "refused, ended",
    "hence": "therefore",
}
GROUP: Final = re.compile(r"(.*)\{([\w,]+)\}(.*)")


@cache
def tracked_files() -> frozenset[str]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return frozenset(name for name in names.split("\0") if (ROOT / name).is_file())


def documents() -> list[str]:
    return sorted(name for name in tracked_files() if name.endswith(".md") and name not in HISTORY)


@cache
def existing_tests() -> frozenset[str]:
    """The names of all test functions and test modules."""
    files = [name for name in tracked_files() if re.search(r"(^|/)test_\w+\.py$", name)]
    trees = [ast.parse((ROOT / name).read_text()) for name in files]
    functions = (node.name for tree in trees for node in tree.body if hasattr(node, "name"))
    return frozenset(functions) | {Path(name).stem for name in files}


def is_test(name: str) -> bool:
    """Whether a test has this name, or one that begins like it where it ends with an ellipsis."""
    start = name.removesuffix("…")
    return name in existing_tests() if start == name else any(test.startswith(start) for test in existing_tests())


def expanded(path: str) -> Iterator[str]:
    """`a/{b,c}.py` are two paths."""
    group = GROUP.fullmatch(path)
    yield from (group[1] + name + group[3] for name in group[2].split(",")) if group else (path,)


def code_of(document: str) -> list[str]:
    return CODE.findall((ROOT / document).read_text())


@pytest.mark.parametrize("document", documents())
def test_links_lead_somewhere(document: str) -> None:
    targets = LINK.findall((ROOT / document).read_text())
    paths = [target for target in targets if "://" not in target]
    assert [path for path in paths if not (ROOT / document).parent.joinpath(path).exists()] == []


@pytest.mark.parametrize("document", documents())
def test_named_tests_exist(document: str) -> None:
    names = [name for code in code_of(document) for name in TEST.findall(code)]
    assert [name for name in names if not is_test(name)] == []


@pytest.mark.parametrize("document", documents())
def test_named_python_files_exist(document: str) -> None:
    paths = [path for code in code_of(document) for match in PYTHON_FILE.findall(code) for path in expanded(match)]
    paths = [path for path in paths if Path(path).name not in EXAMPLES]
    endings = {f"/{name}" for name in tracked_files()}
    assert [path for path in paths if not any(ending.endswith("/" + path.lstrip("./")) for ending in endings)] == []


@pytest.mark.parametrize("document", [*documents(), "CHANGELOG.md", "Makefile", "pyproject.toml"])
def test_words_are_plain(document: str) -> None:
    prose = CODE.sub("", (ROOT / document).read_text()).lower()
    prose = prose.replace("\n# ", "\n")  # a phrase of two words may begin on the line of a comment before
    found = {word: plain for word, plain in PLAIN_WORDS.items() if re.search(rf"\b{word}\b", " ".join(prose.split()))}
    assert found == {}


@pytest.mark.parametrize("document", documents())
def test_numbered_paragraphs_count_up(document: str) -> None:
    """Other documents and comments refer to a decision by its number."""
    previous, odd = 0, []
    for line in (ROOT / document).read_text().splitlines():
        found = NUMBERED.match(line)
        if found is not None and int(found[1]) not in {1, previous + 1}:
            odd.append(line)
        previous = 0 if line.startswith("#") else int(found[1]) if found is not None else previous
    assert odd == []


@pytest.mark.parametrize("document", documents())
def test_rows_of_tables_have_a_cell_for_each_column(document: str) -> None:
    """A browser shows a row without one of its cells as if the next cells were those of other columns."""
    columns, odd = 0, []
    for line in (ROOT / document).read_text().splitlines():
        cells = len(CELL.findall(line)) if line.startswith("|") else 0
        columns = columns if columns and cells else cells
        if cells != columns:
            odd.append(line)
    assert odd == []
