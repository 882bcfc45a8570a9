"""The log view: columns that fit the terminal, and lines that it omits."""

from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from battlescope_local.devloop.log_entries import LevelThreshold, LogEntry
from battlescope_local.devloop.log_follower import LogFollower
from battlescope_local.devloop.log_view import INDENT, LogView, plain_text, terminal_text, without_noise

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("width", [80, 60, 120])
def test_lines_fit_the_terminal_and_nothing_is_lost(width: int) -> None:
    message = " ".join(f"word{number}" for number in range(60))
    entry = LogEntry("WARNING", message, TRACE, ("  File 'x.py', line 3", "y" * 200))
    text = terminal_text("a-function-with-a-very-long-name", entry, width).plain
    assert max(cell_len(line) for line in text.splitlines()) <= width
    words = " ".join(text[INDENT:].split()).replace(" ", "")
    assert message.replace(" ", "") in words
    assert TRACE[:8] in words
    assert TRACE not in words
    assert words.count("y") == 200 + 1
    assert all(line.startswith(" " * INDENT) for line in text.splitlines()[1:])


def test_entry_is_one_plain_line_without_a_terminal() -> None:
    assert plain_text("battle-api", LogEntry("INFO", "[red]x[/] " * 30, TRACE)) == (
        f"battle-api      INFO  {'[red]x[/] ' * 30} trace=0af76519"
    )


def printed(folder: Path, *steps: str, names: tuple[str, ...] = ()) -> str:
    """Output of a view while the node writes these texts one after the other."""
    out = StringIO()
    view = LogView(LogFollower(folder), Console(file=out), LevelThreshold(), names)
    for text in steps:
        with (folder / "node.log").open("a") as log:
            log.write(text)
        view.print_new()
    return out.getvalue()


def test_view_omits_lines_that_are_in_the_log_of_the_function(tmp_path: Path) -> None:
    line = "2026-11-28 21:48:47,997 {} x: {}\n"
    text = printed(
        tmp_path,
        line.format("ERROR", "battle-api ended during its start; its last log lines:"),
        "Traceback\nNameError\n",
        line.format("INFO", "next"),
        "a line without a level\n",
    )
    assert [line[INDENT:] for line in text.splitlines()] == [
        "battle-api ended during its start; see its log.",
        "next",
        "a line without a level",
    ]


TRACEBACK = """Traceback (most recent call last):
  File "/v/lib/python3.11/site-packages/uvicorn/server.py", line 5, in run
    config.load()
    ^^^^^^^^^^^^^
  File "/p/functions/a/src/a/main.py", line 3, in <module>
    print(unknown)
          ^^^^^^^
  File "<frozen importlib._bootstrap>", line 690, in _load_unlocked
NameError: name 'unknown' is not defined
"""


PROJECT_FRAMES = """Traceback (most recent call last):
  File "/p/functions/a/src/a/main.py", line 3, in <module>
    print(unknown)
          ^^^^^^^
NameError: name 'unknown' is not defined
"""


def test_stack_trace_is_shown_without_library_frames(tmp_path: Path) -> None:
    text = printed(tmp_path, TRACEBACK)
    assert [line[INDENT:] for line in text.splitlines()] == PROJECT_FRAMES.splitlines()
    assert without_noise(LogEntry("ERROR", "x", details=tuple(TRACEBACK.splitlines()))).details == tuple(
        PROJECT_FRAMES.splitlines()
    )
