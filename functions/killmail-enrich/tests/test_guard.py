"""Which events were begun and finished, in this process and in the database."""

import pytest
from psycopg_pool import AsyncConnectionPool

from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from killmail_enrich.handlers.deduplication import WriteBehindDeduplicator
from killmail_enrich.persistence.killmails import Store


async def test_what_was_finished_is_known_here_at_once_and_elsewhere_when_written(pool: AsyncConnectionPool) -> None:
    here, elsewhere = WriteBehindDeduplicator(Store(pool)), WriteBehindDeduplicator(Store(pool))
    assert await here.attempt("s", "1") == DeliveryAttempt(1, mark_processed=False)
    await here.mark_processed("s", "1")
    assert (await here.attempt("s", "1")).mark_processed
    assert await elsewhere.attempt("s", "1") == DeliveryAttempt(2, mark_processed=False)
    await here.close()
    assert await elsewhere.attempt("s", "1") == DeliveryAttempt(3, mark_processed=True)


async def test_finished_events_are_written_together(pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("killmail_enrich.handlers.deduplication.WRITE_SECONDS", 0)
    guard = WriteBehindDeduplicator(Store(pool))
    for event_id in ("1", "2"):
        await guard.attempt("s", event_id)
        await guard.mark_processed("s", event_id)
    async with pool.connection() as connection:
        while (await (await connection.execute("SELECT bool_and(handled) FROM event_attempts")).fetchone()) != (True,):
            pass
    await guard.close()


async def test_a_database_that_is_away_stops_the_begin_and_not_the_end() -> None:
    pool = AsyncConnectionPool("postgresql://x@127.0.0.1:1/x", min_size=0, max_size=1, timeout=0.1, open=False)
    async with pool:
        guard = WriteBehindDeduplicator(Store(pool))
        with pytest.raises(TransientError, match="does not answer"):
            await guard.attempt("s", "1")
        await guard.mark_processed("s", "1")
        await guard.close()
    assert (await guard.attempt("s", "1")).mark_processed
