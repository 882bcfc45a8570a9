"""Entries as people read them: columns and colours that fit the terminal, or one plain line each."""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final
from zlib import crc32

from rich.console import Console
from rich.text import Text

from battlescope_local.devloop.log_entries import Entry, Threshold, parse
from battlescope_local.devloop.log_follower import NODE, Follower

NAME_WIDTH: Final = 15  # the longest name of a function
LEVEL_WIDTH: Final = 5
INDENT: Final = NAME_WIDTH + LEVEL_WIDTH + 2
LEAST_MESSAGE: Final = 20  # columns of the message in a very narrow terminal
TRACE_LENGTH: Final = 8
COLOURS: Final = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta", "bright_blue")
LEVEL_STYLES: Final = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red", "DEBUG": "dim"}
LEVEL_NAMES: Final = {"WARNING": "WARN", "CRITICAL": "FATAL"}
# The node repeats the last lines of a process that could not start; they stand in the log of that process too.
REPEATED: Final = "it said last:"
# Frames of Python itself and of libraries, in the middle of which one's own are hard to find.
FOREIGN_FRAME: Final = re.compile(r'\s+File "(<frozen |.*/(site-packages|lib/python3[\d.]*)/)')
BELOW_A_FRAME: Final = re.compile(r" {4}")  # the source line, and the marks under it


class LogView:
    """Prints what a follower reads. `names`: only these logs; empty means all."""

    def __init__(
        self, follower: Follower, console: Console, threshold: Threshold, names: Collection[str] = ()
    ) -> None:  # fmt: skip
        self._follower, self._console, self._threshold = follower, console, threshold
        self._names = frozenset(names)
        self._repeating = False
        self._in_foreign_frame: dict[str, bool] = {}

    def print_fresh(self) -> None:
        """Print the lines written since the last call."""
        for name, line in self._follower.lines():
            if line.strip() and (not self._names or name in self._names):
                self._print(name, parse(line))

    def _print(self, name: str, entry: Entry) -> None:
        if self._threshold.shows(name, entry) and not self._is_left_out(name, entry):
            entry = readable(entry)
            if self._console.is_terminal:
                self._console.print(terminal_text(name, entry, self._console.width), highlight=False, no_wrap=True)
            else:
                self._console.print(plain_text(name, entry), markup=False, highlight=False, soft_wrap=True)

    def _is_left_out(self, name: str, entry: Entry) -> bool:
        """Lines of a process without a level are those of a stack trace."""
        line = "" if entry.level else entry.message
        foreign = is_foreign(line, after_one=self._in_foreign_frame.get(name, False))
        self._in_foreign_frame[name] = foreign
        return foreign or self._is_repeated(name, entry)

    def _is_repeated(self, name: str, entry: Entry) -> bool:
        if name != NODE:
            return False
        if entry.level:
            self._repeating = entry.message.endswith(REPEATED)
        return self._repeating and not entry.level


def is_foreign(line: str, *, after_one: bool) -> bool:
    """Whether the line belongs to a frame of Python or a library; `after_one`: the line before it did."""
    return bool(FOREIGN_FRAME.match(line) or (after_one and BELOW_A_FRAME.match(line)))


def readable(entry: Entry) -> Entry:
    """Without foreign frames, and without the announcement of lines that are left out."""
    message = entry.message
    if message.endswith(REPEATED):
        message = f"{message.removesuffix(REPEATED)}its log says why."
    return replace(entry, message=message, details=tuple(_own_frames(entry.details)))


def _own_frames(lines: Iterable[str]) -> Iterable[str]:
    foreign = False
    for line in lines:
        foreign = is_foreign(line, after_one=foreign)
        if not foreign:
            yield line


def terminal_text(name: str, entry: Entry, width: int) -> Text:
    """Name, level and message with the trace id at its end; further lines are indented below the message."""
    message = Text(entry.message, style=LEVEL_STYLES.get(entry.level, ""))
    if entry.trace_id:
        message.append(f" {entry.trace_id[:TRACE_LENGTH]}", style="dim")
    for detail in entry.details:
        message.append(f"\n{detail}", style="dim")
    text = Text()
    text.append(f"{_shortened(name):<{NAME_WIDTH}} ", style=colour(name))
    text.append(f"{_level(entry):<{LEVEL_WIDTH}} ", style=LEVEL_STYLES.get(entry.level, "dim"))
    lines = message.wrap(Console(width=width), max(width - INDENT, LEAST_MESSAGE))
    for line in lines:
        line.rstrip()
    return text.append_text(Text("\n" + " " * INDENT).join(lines))


def plain_text(name: str, entry: Entry) -> str:
    trace = f" trace={entry.trace_id[:TRACE_LENGTH]}" if entry.trace_id else ""
    first = f"{name:<{NAME_WIDTH}} {_level(entry):<{LEVEL_WIDTH}} {entry.message}{trace}"
    return "\n".join([first, *(f"{'':{INDENT}}{detail}" for detail in entry.details)])


def colour(name: str) -> str:
    """The same for a name every time."""
    return "bold" if name == NODE else COLOURS[crc32(name.encode()) % len(COLOURS)]


def _level(entry: Entry) -> str:
    return LEVEL_NAMES.get(entry.level, entry.level)


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"
