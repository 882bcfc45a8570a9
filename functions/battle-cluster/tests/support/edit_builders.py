"""Edits and recluster jobs, stored as battle-api stores them."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def store_edit(database: str, battle_id: str, kind: str, killmail_ids: list[int], **data: Any) -> tuple[str, int]:
    """Store an edit and return its id and version."""
    with psycopg.connect(database) as connection:
        version = _next_version(connection)
        edit_id = str(uuid.uuid4())
        connection.execute(
            "INSERT INTO battle_edits (id, battle_id, kind, killmail_ids, data, author, made_at, version)"
            " VALUES (%s, %s, %s, %s, %s, 'somebody', %s, %s)",
            [edit_id, battle_id, kind, killmail_ids, json.dumps(data), NOW, version],
        )
    return edit_id, version


def undo_edit(database: str, edit_id: str) -> None:
    with psycopg.connect(database) as connection:
        version = _next_version(connection)
        connection.execute(
            "UPDATE battle_edits SET undone_at = %s, undone_by = 'somebody', version = %s WHERE id = %s",
            [NOW, version, edit_id],
        )


def _next_version(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "UPDATE clustering_configuration SET edits_version = edits_version + 1 RETURNING edits_version"
    ).fetchone()
    assert row is not None
    return row[0]


def store_recluster_job(database: str, start: datetime, end: datetime, *, dry_run: bool = False, **rules: int) -> str:
    job_id = str(uuid.uuid4())
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO reclustering_jobs (id, start_time, end_time, reason, dry_run, requested_by, window_minutes,"
            " gap_max_minutes, min_kills) VALUES (%s, %s, %s, 'manual', %s, 'somebody', %s, %s, %s)",
            [job_id, start, end, dry_run, *map(rules.get, ("window_minutes", "gap_max_minutes", "min_kills"))],
        )
    return job_id


def store_republish_job(database: str, start: datetime | None = None, end: datetime | None = None) -> str:
    job_id = str(uuid.uuid4())
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO republish_jobs (id, start_time, end_time, requested_by) VALUES (%s, %s, %s, 'somebody')",
            [job_id, start, end],
        )
    return job_id


def query_rows(database: str, query: str, *params: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query, params).fetchall()
