"""The file of a SQLite log: its tables, and records as rows."""

import json
import sqlite3
from pathlib import Path
from typing import Final

from battlescope_local.log.port import Record, Stored

TABLES: Final = """
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, retention_ms INTEGER);
CREATE TABLE IF NOT EXISTS records (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, timestamp INTEGER NOT NULL,
  key BLOB, value BLOB NOT NULL, headers TEXT NOT NULL, PRIMARY KEY (topic, partition, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offsets (
  consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ends (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
"""
ADD_TOPIC: Final = "INSERT OR IGNORE INTO topics VALUES (?, ?, ?)"
TOPICS: Final = "SELECT name, partitions FROM topics"
# Kept apart from the records: an offset is never given twice, also when retention has emptied a partition.
ENDS: Final = "SELECT topic, partition, offset FROM ends"
SET_END: Final = "INSERT INTO ends VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset"
ADD: Final = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"
READ: Final = (
    "SELECT partition, offset, timestamp, key, value, headers FROM records "
    "WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?"
)
LAST: Final = (
    "SELECT partition, offset, timestamp, key, value, headers FROM records "
    "WHERE topic = ? ORDER BY timestamp DESC, offset DESC LIMIT ?"
)
COMMITTED: Final = "SELECT partition, offset FROM offsets WHERE consumer_group = ? AND topic = ?"
COMMIT: Final = "INSERT INTO offsets VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset"
EXPIRE: Final = (
    "DELETE FROM records WHERE EXISTS (SELECT 1 FROM topics WHERE name = topic AND timestamp < ? - retention_ms)"
)

Row = tuple[int, int, int, bytes | None, bytes, str]


def connect(path: Path) -> sqlite3.Connection:
    """Statements commit by themselves unless told; a commit is on the disk when it returns."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def stored(row: Row) -> Stored:
    partition, offset, timestamp, key, value, headers = row
    named = tuple((name, text.encode("latin-1")) for name, text in json.loads(headers))
    return Stored(partition, offset, Record(key, value, named), timestamp)


def row(topic: str, one: Stored) -> tuple[object, ...]:
    """The values of ADD."""
    record = one.record
    headers = json.dumps([(name, value.decode("latin-1")) for name, value in record.headers])
    return topic, one.partition, one.offset, one.timestamp, record.key, record.value, headers
