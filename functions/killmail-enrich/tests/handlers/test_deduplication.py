"""Which events this process and other processes know as begun and as processed."""

import pytest
from psycopg_pool import AsyncConnectionPool

from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from killmail_enrich.handlers.deduplication import WriteBehindDeduplicator
from killmail_enrich.persistence.event_attempts import EventAttemptRepository


async def test_processed_event_is_known_here_at_once_and_elsewhere_when_recorded(pool: AsyncConnectionPool) -> None:
    here, elsewhere = (WriteBehindDeduplicator(EventAttemptRepository(pool)) for _ in range(2))
    assert await here.attempt("s", "1") == DeliveryAttempt(1, is_processed=False)
    await here.mark_processed("s", "1")
    assert (await here.attempt("s", "1")).is_processed
    assert await elsewhere.attempt("s", "1") == DeliveryAttempt(2, is_processed=False)
    await here.close()
    assert await elsewhere.attempt("s", "1") == DeliveryAttempt(3, is_processed=True)


async def test_processed_events_are_recorded_together(
    pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("killmail_enrich.handlers.deduplication.WRITE_DELAY_SECONDS", 0)
    deduplicator = WriteBehindDeduplicator(EventAttemptRepository(pool))
    for event_id in ("1", "2"):
        await deduplicator.attempt("s", event_id)
        await deduplicator.mark_processed("s", event_id)
    async with pool.connection() as connection:
        while (await (await connection.execute("SELECT bool_and(handled) FROM event_attempts")).fetchone()) != (True,):
            pass
    await deduplicator.close()


async def test_unreachable_database_fails_the_attempt_but_not_the_record() -> None:
    pool = AsyncConnectionPool("postgresql://x@127.0.0.1:1/x", min_size=0, max_size=1, timeout=0.1, open=False)
    async with pool:
        deduplicator = WriteBehindDeduplicator(EventAttemptRepository(pool))
        with pytest.raises(TransientError, match="does not answer"):
            await deduplicator.attempt("s", "1")
        await deduplicator.mark_processed("s", "1")
        await deduplicator.close()
    assert (await deduplicator.attempt("s", "1")).is_processed
