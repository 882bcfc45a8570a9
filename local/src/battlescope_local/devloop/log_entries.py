"""Parses log lines of functions, node and stores into level, message and trace id."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

STORES: Final = frozenset({"postgres", "valkey", "seaweedfs", "upstream"})
LEVELS: Final[Mapping[str, int]] = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
# Levels by the words that functions, node and stores use.
_LEVEL_WORDS: Final[Mapping[str, str]] = {
    **{name: name for name in LEVELS}, "WARN": "WARNING", "LOG": "INFO", "NOTICE": "INFO", "HINT": "INFO",
    "DETAIL": "INFO", "STATEMENT": "INFO", "FATAL": "ERROR", "PANIC": "CRITICAL",
}  # fmt: skip
_VALKEY_SIGNS: Final[Mapping[str, str]] = {"#": "WARNING", "*": "INFO", "-": "DEBUG", ".": "DEBUG"}
# Node: time, level, logger. PostgreSQL: time, process, level. Valkey: process, time, sign. HTTP server: level.
_NODE: Final = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (?P<level>[A-Z]+) [\w.]+: (?P<message>.*)")
_POSTGRES: Final = re.compile(r"\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\] (?P<level>[A-Z]+): +(?P<message>.*)")
_VALKEY_LINE: Final = re.compile(r"\d+:[A-Z] \d\d \w{3} \d{4} [\d:.]+ (?P<sign>[#*.-]) (?P<message>.*)")
_SERVER: Final = re.compile(r"(?P<level>INFO|WARNING|ERROR|CRITICAL): +(?P<message>.*)")
_SEAWEEDFS: Final = re.compile(r".*\blevel=(?P<level>[A-Z]+)\s+msg=\"(?P<message>[^\"]*)\".*")
# The HTTP server logs these at every start and stop of an instance.
_ROUTINE_MESSAGE: Final = re.compile(
    r"Started server process|Waiting for application|Uvicorn running on|Finished server process"
    r"|Application shutdown complete|Waiting for background tasks"
)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log line. `level` is empty if the line has none; `details` are the lines of a stack trace."""

    level: str
    message: str
    trace_id: str = ""
    details: tuple[str, ...] = ()


def parse_line(line: str) -> LogEntry:
    if line.startswith("{"):
        entry = _parse_json(line)
        if entry is not None:
            return entry
    for pattern in (_NODE, _POSTGRES, _SERVER, _SEAWEEDFS):
        match = pattern.fullmatch(line)
        if match is not None and match["level"] in _LEVEL_WORDS:
            return _entry(_LEVEL_WORDS[match["level"]], match["message"])
    valkey = _VALKEY_LINE.fullmatch(line)
    return _entry(_VALKEY_SIGNS[valkey["sign"]], valkey["message"]) if valkey else LogEntry("", line)


def _parse_json(line: str) -> LogEntry | None:
    try:
        values = cast("dict[str, Any]", json.loads(line))
        message = str(values["message"])
    except (ValueError, KeyError):
        return None
    context = cast("dict[str, Any]", values.get("context") or {})
    message += "".join(f" {name}={value}" for name, value in context.items())
    error = cast("dict[str, Any]", values.get("error") or {})
    details = tuple(str(error.get("stack") or error.get("message") or "").splitlines())
    return _entry(_LEVEL_WORDS.get(str(values.get("level")), ""), message, str(values.get("trace_id") or ""), details)


def _entry(level: str, message: str, trace_id: str = "", details: tuple[str, ...] = ()) -> LogEntry:
    routine = level == "INFO" and _ROUTINE_MESSAGE.match(message)
    return LogEntry("DEBUG" if routine else level, message, trace_id, details)


@dataclass(frozen=True, slots=True)
class LevelThreshold:
    """The lowest level to show; by default INFO for functions and the node, WARNING for stores."""

    level: str | None = None

    def shows(self, source: str, entry: LogEntry) -> bool:
        if self.level == "DEBUG":
            return True
        is_store = source in STORES
        min_level = LEVELS[self.level or ("WARNING" if is_store else "INFO")]
        if not entry.level:
            return not is_store and min_level <= LEVELS["INFO"]
        return LEVELS[entry.level] >= min_level
