"""Files of the feed beside those of the present: gaps, rewritten files that are read again, and backlogs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, LiteralString

from psycopg.rows import kwargs_row

from battlescope_events.postgres.database import Connection
from ingest_poll.feed.feed_state import Backlog, FeedPosition, Gap

UPSERT_GAP: Final[LiteralString] = """
INSERT INTO feed_gaps (first_sequence, last_sequence, reason, after_time)
VALUES (%(first)s, %(last)s, %(reason)s, %(after_time)s)
ON CONFLICT (first_sequence) DO UPDATE
SET last_sequence = greatest(feed_gaps.last_sequence, excluded.last_sequence), filled_at = NULL"""
INSERT_REREADS: Final[LiteralString] = """
INSERT INTO feed_rereads (sequence_id) SELECT DISTINCT unnest(%(sequences)s::bigint[]) ON CONFLICT DO NOTHING"""
DUE_REREADS: Final[LiteralString] = """
SELECT sequence_id FROM feed_rereads WHERE due_at <= now() AND tries < 10 ORDER BY due_at LIMIT %(limit)s"""
DELETE_REREADS: Final[LiteralString] = "DELETE FROM feed_rereads WHERE sequence_id = ANY(%(sequences)s)"
# Doubled from a minute: ten tries take most of the day after which the feed deletes a file.
POSTPONE_REREAD: Final[LiteralString] = """
UPDATE feed_rereads SET tries = tries + 1, due_at = now() + interval '1 minute' * 2 ^ tries
WHERE sequence_id = %(sequence)s"""
INSERT_BACKLOG: Final[LiteralString] = """
INSERT INTO feed_backlogs (first_sequence, cursor, head, found_at)
VALUES (%(first)s, %(cursor)s, %(head)s, %(found_at)s) ON CONFLICT DO NOTHING"""
# The oldest one first: its files are the next to expire.
LOAD_BACKLOG: Final[LiteralString] = """
SELECT first_sequence, cursor, head, head_asked_at, quiet_until, skip_at, found_at, holes, tries, failures
FROM feed_backlogs ORDER BY first_sequence LIMIT 1"""
SAVE_BACKLOG: Final[LiteralString] = """
UPDATE feed_backlogs SET cursor = %(cursor)s, quiet_until = %(quiet_until)s, skip_at = %(skip_at)s,
  found_at = %(found_at)s, holes = %(holes)s, tries = %(tries)s, failures = %(failures)s
WHERE first_sequence = %(first)s"""
DELETE_BACKLOG: Final[LiteralString] = "DELETE FROM feed_backlogs WHERE first_sequence = %(first)s"


class FeedFileRepository:
    """Files of the feed in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def record_gap(self, gap: Gap | None) -> None:
        if gap:
            await self._connection.execute(UPSERT_GAP, asdict(gap))

    async def update_rereads(self, done: Sequence[int], requested: Sequence[int]) -> None:
        """Delete the sequences that were read again and insert those that the feed has rewritten."""
        if done:
            await self._connection.execute(DELETE_REREADS, {"sequences": list(done)})
        if requested:
            await self._connection.execute(INSERT_REREADS, {"sequences": list(requested)})

    async def due_rereads(self, limit: int) -> list[int]:
        """Sequences of rewritten files whose next read is due."""
        return await self._connection.column(DUE_REREADS, {"limit": limit})

    async def postpone_reread(self, sequence: int) -> None:
        await self._connection.execute(POSTPONE_REREAD, {"sequence": sequence})

    async def insert_backlog(self, backlog: Backlog | None) -> None:
        if backlog:
            await self._connection.execute(INSERT_BACKLOG, asdict(backlog.position) | {"first": backlog.first})

    async def save_backlog(self, backlog: Backlog) -> None:
        """Store the position, or delete the backlog once it is read."""
        if backlog.is_read:
            await self._connection.execute(DELETE_BACKLOG, {"first": backlog.first})
        else:
            await self._connection.execute(SAVE_BACKLOG, asdict(backlog.position) | {"first": backlog.first})

    async def oldest_backlog(self) -> Backlog | None:
        async with self._connection.cursor(row_factory=kwargs_row(_backlog)) as cursor:
            return await (await cursor.execute(LOAD_BACKLOG)).fetchone()


def _backlog(first_sequence: int, **position: Any) -> Backlog:
    return Backlog(first_sequence, FeedPosition(**position))
