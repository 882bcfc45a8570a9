"""Counting the attempts of events on a real PostgreSQL, and an unreachable one."""

import pytest
from enrichment_results import fetch_rows
from psycopg_pool import AsyncConnectionPool

from killmail_enrich.errors import Unavailable
from killmail_enrich.persistence.event_attempts import EventAttemptRepository

pytestmark = pytest.mark.postgres


async def test_attempts_are_counted_per_source_and_event(pool: AsyncConnectionPool) -> None:
    repository = EventAttemptRepository(pool)
    attempts = [
        await repository.attempt("s", "1"),
        await repository.attempt("s", "1"),
        await repository.attempt("other", "1"),
    ]
    assert attempts == [(1, False), (2, False), (1, False)]
    await repository.mark_processed([("s", "1"), ("s", "never begun")])
    assert await repository.attempt("s", "1") == (3, True)
    async with pool.connection() as connection:
        await connection.execute("UPDATE event_attempts SET last_at = now() - interval '8 days' WHERE source = 's'")
    await repository.delete_old()
    assert await fetch_rows(pool, "SELECT source FROM event_attempts") == [("other",)]


async def test_unreachable_database_is_unavailable() -> None:
    pool = AsyncConnectionPool("postgresql://x@127.0.0.1:1/x", min_size=0, max_size=1, timeout=0.1, open=False)
    async with pool:
        with pytest.raises(Unavailable, match="does not answer"):
            await EventAttemptRepository(pool).check_connection()
