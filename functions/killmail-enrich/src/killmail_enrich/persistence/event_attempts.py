"""The table of event attempts: how often the processing of each event was begun, and whether it was finished."""

from collections.abc import Collection
from typing import Final, LiteralString

from killmail_enrich.persistence.connection import Pool, connected

COUNT_ATTEMPT: Final[LiteralString] = """
INSERT INTO event_attempts AS existing (source, event_id) VALUES (%(source)s, %(event_id)s)
ON CONFLICT (source, event_id) DO UPDATE SET attempts = existing.attempts + 1, last_at = now()
RETURNING attempts, handled
"""
MARK_PROCESSED: Final[LiteralString] = """
UPDATE event_attempts AS existing SET handled = true
FROM unnest(%(sources)s::text[], %(event_ids)s::text[]) AS processed (source, event_id)
WHERE existing.source = processed.source AND existing.event_id = processed.event_id
"""
DELETE_OLD_ATTEMPTS: Final[LiteralString] = "DELETE FROM event_attempts WHERE last_at < now() - interval '7 days'"
CHECK: Final[LiteralString] = "SELECT 1"


class EventAttemptRepository:
    """Identifies an event by its source and id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def attempt(self, source: str, event_id: str) -> tuple[int, bool]:
        """Count an attempt; returns the number of attempts and whether the event was processed before."""
        async with connected(self._pool) as connection:
            row = await (await connection.execute(COUNT_ATTEMPT, {"source": source, "event_id": event_id})).fetchone()
            assert row is not None  # noqa: S101  # an upsert returns its row
            return row[0], row[1]

    async def mark_processed(self, events: Collection[tuple[str, str]]) -> None:
        params = {"sources": [source for source, _ in events], "event_ids": [event_id for _, event_id in events]}
        async with connected(self._pool) as connection:
            await connection.execute(MARK_PROCESSED, params)

    async def delete_old(self) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(DELETE_OLD_ATTEMPTS)

    async def check_connection(self) -> None:
        """Raises `Unavailable` where the database does not answer."""
        async with connected(self._pool) as connection:
            await connection.execute(CHECK)
