"""Tables and statements of a SQLite log, and the conversion between records and rows."""

import json
import sqlite3
from pathlib import Path
from typing import Final

from battlescope_local.log.port import Record, StoredRecord

CREATE_TABLES: Final = """
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
# Partitions never change, because the order of a key would break; the retention is that of the newest start.
UPSERT_TOPIC: Final = (
    "INSERT INTO topics VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET retention_ms = excluded.retention_ms"
)
SELECT_TOPICS: Final = "SELECT name, partitions FROM topics"
# A table of its own, so that no offset is assigned twice, even after retention has emptied a partition.
SELECT_ENDS: Final = "SELECT topic, partition, offset FROM ends"
UPSERT_END: Final = "INSERT INTO ends VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset"
INSERT_RECORD: Final = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"
SELECT_FROM_OFFSET: Final = (
    "SELECT partition, offset, timestamp, key, value, headers FROM records "
    "WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?"
)
SELECT_NEWEST: Final = (
    "SELECT partition, offset, timestamp, key, value, headers FROM records "
    "WHERE topic = ? ORDER BY timestamp DESC, offset DESC LIMIT ?"
)
SELECT_OFFSETS: Final = "SELECT partition, offset FROM offsets WHERE consumer_group = ? AND topic = ?"
UPSERT_OFFSET: Final = "INSERT INTO offsets VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset"
DELETE_EXPIRED: Final = (
    "DELETE FROM records WHERE EXISTS (SELECT 1 FROM topics WHERE name = topic AND timestamp < ? - retention_ms)"
)

Row = tuple[int, int, int, bytes | None, bytes, str]


def connect(path: Path) -> sqlite3.Connection:
    """Open the log in autocommit mode; a commit is on the disk when it returns."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def record_from_row(row_from_record: Row) -> StoredRecord:
    partition, offset, timestamp, key, value, headers = row_from_record
    headers = tuple((name, text.encode("latin-1")) for name, text in json.loads(headers))
    return StoredRecord(partition, offset, Record(key, value, headers), timestamp)


def row_from_record(topic: str, record_from_row: StoredRecord) -> tuple[object, ...]:
    """The values of INSERT_RECORD."""
    record = record_from_row.record
    headers = json.dumps([(name, value.decode("latin-1")) for name, value in record.headers])
    return (
        topic,
        record_from_row.partition,
        record_from_row.offset,
        record_from_row.timestamp,
        record.key,
        record.value,
        headers,
    )
