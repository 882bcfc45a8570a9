"""Log lines of functions, node and stores, parsed into entries."""

import json

import pytest

from battlescope_local.devloop.log_entries import LevelThreshold, LogEntry, parse_line

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            json.dumps({"level": "WARNING", "message": "Late.", "trace_id": TRACE, "context": {"battle": "b1"}}),
            LogEntry("WARNING", "Late. battle=b1", TRACE),
        ),
        (
            json.dumps({"level": "ERROR", "message": "No.", "error": {"name": "E", "message": "m", "stack": "a\nb"}}),
            LogEntry("ERROR", "No.", "", ("a", "b")),
        ),
        ("2026-11-28 21:48:47,997 WARNING battlescope_local.serving.revision: gone", LogEntry("WARNING", "gone")),
        ("2026-11-28 21:48:48.008 UTC [7901] FATAL:  the database is starting up",
         LogEntry("ERROR", "the database is starting up")),
        ("7729:M 28 Nov 2026 21:48:46.242 # WARNING Memory", LogEntry("WARNING", "WARNING Memory")),
        ("7729:M 28 Nov 2026 21:48:46.242 * Ready", LogEntry("INFO", "Ready")),
        ('[watermill] 2026/11/28 router.go:280: 	level=ERROR msg="Lost" topic=t', LogEntry("ERROR", "Lost")),
        ("INFO:     Waiting for application startup.", LogEntry("DEBUG", "Waiting for application startup.")),
        ("Traceback (most recent call last):", LogEntry("", "Traceback (most recent call last):")),
        ('{"port": 21686}', LogEntry("", '{"port": 21686}')),
        ("{not json", LogEntry("", "{not json")),
    ],
)  # fmt: skip
def test_line_of_each_format_is_parsed(line: str, expected: LogEntry) -> None:
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    ("threshold", "source", "level", "shown"),
    [
        (None, "battle-api", "INFO", True),
        (None, "battle-api", "DEBUG", False),
        (None, "battle-api", "", True),
        (None, "postgres", "INFO", False),
        (None, "postgres", "WARNING", True),
        (None, "seaweedfs", "", False),
        ("INFO", "postgres", "INFO", True),
        ("DEBUG", "seaweedfs", "", True),
        ("ERROR", "battle-api", "WARNING", False),
        ("ERROR", "battle-api", "", False),
    ],
)
def test_threshold_depends_on_level_and_source(threshold: str, source: str, level: str, *, shown: bool) -> None:
    assert LevelThreshold(threshold).shows(source, LogEntry(level, "x")) is shown
