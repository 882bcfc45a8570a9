"""Messages name commands as their readers can type them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from battlescope_local.command_name import PROGRAM, typed_command
from battlescope_local.devtools.project import ROOT

SOURCES = ROOT / "local" / "src" / "battlescope_local"


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('#!/bin/sh\necho started "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installed program, in an environment in `.venv` of the current folder that is not on the PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    return executable(tmp_path / ".venv" / "bin" / PROGRAM)


def output(command: str) -> str:
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("place", ["here", "elsewhere", "on the path", "another one on the path"])
def test_shell_finds_the_command_of_the_message(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "elsewhere":
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
    if place == "on the path":
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    if place == "another one on the path":
        other = executable(tmp_path / "bin" / PROGRAM)
        other.write_text("#!/bin/sh\necho another\n")
        monkeypatch.setenv("PATH", f"{other.parent}:/usr/bin:/bin")
    shown = typed_command("down --now")
    assert output(shown) == "started down --now\n"
    assert (shown == "battlescope down --now") == (place == "on the path")
    assert place != "here" or shown == ".venv/bin/battlescope down --now"


def messages() -> Iterator[tuple[str, str]]:
    """Every text of local mode's code that names a command of its own between backticks, without docstrings."""
    for path in sorted(SOURCES.rglob("*.py")):
        tree = ast.parse(path.read_text())
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and "`battlescope " in node.value and id(node) not in documentation:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_no_message_names_a_command_that_the_shell_may_not_find() -> None:
    """After `make setup` the program is `.venv/bin/battlescope`; `typed_command` says what works."""
    assert not list(messages())
