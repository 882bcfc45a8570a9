"""Which events were begun and finished, in this process and in the database."""

import pytest
from psycopg_pool import AsyncConnectionPool

from battlescope_events.consumer import Attempt
from battlescope_events.errors import Transient
from killmail_enrich.handlers.deduplication import Attempts
from killmail_enrich.persistence.killmails import Store


async def test_what_was_finished_is_known_here_at_once_and_elsewhere_when_written(pool: AsyncConnectionPool) -> None:
    here, elsewhere = Attempts(Store(pool)), Attempts(Store(pool))
    assert await here.attempt("s", "1") == Attempt(1, handled=False)
    await here.handled("s", "1")
    assert (await here.attempt("s", "1")).handled
    assert await elsewhere.attempt("s", "1") == Attempt(2, handled=False)
    await here.close()
    assert await elsewhere.attempt("s", "1") == Attempt(3, handled=True)


async def test_finished_events_are_written_together(pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("killmail_enrich.handlers.deduplication.WRITE_SECONDS", 0)
    guard = Attempts(Store(pool))
    for event_id in ("1", "2"):
        await guard.attempt("s", event_id)
        await guard.handled("s", event_id)
    async with pool.connection() as connection:
        while (await (await connection.execute("SELECT bool_and(handled) FROM event_attempts")).fetchone()) != (True,):
            pass
    await guard.close()


async def test_a_database_that_is_away_stops_the_begin_and_not_the_end() -> None:
    pool = AsyncConnectionPool("postgresql://x@127.0.0.1:1/x", min_size=0, max_size=1, timeout=0.1, open=False)
    async with pool:
        guard = Attempts(Store(pool))
        with pytest.raises(Transient, match="does not answer"):
            await guard.attempt("s", "1")
        await guard.handled("s", "1")
        await guard.close()
    assert (await guard.attempt("s", "1")).handled
