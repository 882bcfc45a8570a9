"""Shows log entries: in columns and colours that fit the terminal, or as one plain line each."""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final
from zlib import crc32

from rich.console import Console
from rich.text import Text

from battlescope_local.devloop.log_entries import LevelThreshold, LogEntry, parse_line
from battlescope_local.devloop.log_follower import NODE_LOG, LogFollower

NAME_WIDTH: Final = 15  # the longest name of a function
LEVEL_WIDTH: Final = 5
INDENT: Final = NAME_WIDTH + LEVEL_WIDTH + 2
MIN_MESSAGE_WIDTH: Final = 30  # columns; a narrower terminal gets the message below name and level
NARROW_INDENT: Final = 2
TRACE_LENGTH: Final = 8
COLOURS: Final = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta", "bright_blue")
LEVEL_STYLES: Final = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red", "DEBUG": "dim"}
LEVEL_NAMES: Final = {"WARNING": "WARN", "CRITICAL": "FATAL"}
# The node logs the last lines of a process that failed to start; the log of that process contains them as well.
LAST_LINES_FOLLOW: Final = "its last log lines:"
# Frames of Python and of libraries, which hide those of the project.
LIBRARY_FRAME: Final = re.compile(r'\s+File "(<frozen |.*/(site-packages|lib/python3[\d.]*)/)')
FRAME_SOURCE: Final = re.compile(r" {4}")  # the source line, and the marks below it


class LogView:
    """Prints the lines of a follower; with `names`, only those of these logs."""

    def __init__(
        self, follower: LogFollower, console: Console, threshold: LevelThreshold, names: Collection[str] = ()
    ) -> None:  # fmt: skip
        self._follower, self._console, self._threshold = follower, console, threshold
        self._names = frozenset(names)
        self._in_repeated_lines = False
        self._in_library_frame: dict[str, bool] = {}

    def print_new(self) -> None:
        """Print the lines written since the last call."""
        for name, line in self._follower.new_lines():
            if line.strip() and (not self._names or name in self._names):
                self._print(name, parse_line(line))

    def _print(self, name: str, entry: LogEntry) -> None:
        if self._threshold.shows(name, entry) and not self._is_omitted(name, entry):
            entry = without_noise(entry)
            if self._console.is_terminal:
                self._console.print(terminal_text(name, entry, self._console.width), highlight=False, no_wrap=True)
            else:
                self._console.print(plain_text(name, entry), markup=False, highlight=False, soft_wrap=True)

    def _is_omitted(self, name: str, entry: LogEntry) -> bool:
        """Lines without a level are those of a stack trace."""
        line = "" if entry.level else entry.message
        is_library = is_library_frame(line, after_library_frame=self._in_library_frame.get(name, False))
        self._in_library_frame[name] = is_library
        return is_library or self._is_repeated(name, entry)

    def _is_repeated(self, name: str, entry: LogEntry) -> bool:
        if name != NODE_LOG:
            return False
        if entry.level:
            self._in_repeated_lines = entry.message.endswith(LAST_LINES_FOLLOW)
        return self._in_repeated_lines and not entry.level


def is_library_frame(line: str, *, after_library_frame: bool) -> bool:
    """Whether the line belongs to a frame of Python or of a library; `after_library_frame`: the previous line did."""
    return bool(LIBRARY_FRAME.match(line) or (after_library_frame and FRAME_SOURCE.match(line)))


def without_noise(entry: LogEntry) -> LogEntry:
    """The entry without frames of libraries, and without the announcement of lines that the view omits."""
    message = entry.message
    if message.endswith(LAST_LINES_FOLLOW):
        message = f"{message.removesuffix(LAST_LINES_FOLLOW)}see its log."
    return replace(entry, message=message, details=tuple(_without_library_frames(entry.details)))


def _without_library_frames(lines: Iterable[str]) -> Iterable[str]:
    is_library = False
    for line in lines:
        is_library = is_library_frame(line, after_library_frame=is_library)
        if not is_library:
            yield line


def terminal_text(name: str, entry: LogEntry, width: int) -> Text:
    """Name, level and message, with the trace id at the end; continuation lines are indented below the message."""
    message = Text(entry.message, style=LEVEL_STYLES.get(entry.level, ""))
    if entry.trace_id:
        message.append(f" {entry.trace_id[:TRACE_LENGTH]}", style="dim")
    for detail in entry.details:
        message.append(f"\n{detail}", style="dim")
    text = Text()
    text.append(f"{_shorten(name):<{NAME_WIDTH}} ", style=colour(name))
    text.append(f"{_level(entry):<{LEVEL_WIDTH}} ", style=LEVEL_STYLES.get(entry.level, "dim"))
    is_narrow = width - INDENT < MIN_MESSAGE_WIDTH
    line_break = Text("\n" + " " * (NARROW_INDENT if is_narrow else INDENT))
    lines = message.wrap(Console(width=width), max(width - len(line_break) + 1, 1))
    for line in lines:
        line.rstrip()
    if is_narrow:
        text.rstrip()
        text.append_text(line_break)
    return text.append_text(line_break.join(lines))


def plain_text(name: str, entry: LogEntry) -> str:
    trace = f" trace={entry.trace_id[:TRACE_LENGTH]}" if entry.trace_id else ""
    first = f"{name:<{NAME_WIDTH}} {_level(entry):<{LEVEL_WIDTH}} {entry.message}{trace}"
    return "\n".join([first, *(f"{'':{INDENT}}{detail}" for detail in entry.details)])


def colour(name: str) -> str:
    """The colour of a name, always the same."""
    return "bold" if name == NODE_LOG else COLOURS[crc32(name.encode()) % len(COLOURS)]


def _level(entry: LogEntry) -> str:
    return LEVEL_NAMES.get(entry.level, entry.level)


def _shorten(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"
