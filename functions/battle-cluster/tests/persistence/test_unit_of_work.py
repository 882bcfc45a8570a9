"""What the store does beyond filing: the guard, the outbox, and what a process may remember."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from invented_battles import mail

from battle_cluster.handlers.killmails import handle, process_killmail
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.process_cache import LruCache, ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import KILLMAIL_ENRICHED, TICK
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import RecordingPublisher

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 3, 2, tzinfo=UTC)
PAIR = [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 2, (2, 1), [(11, 2)])]
GIVEN: dict[str, Any] = {"archive": None, "clock": lambda: NOW}


class Deaf:
    async def __call__(self, _: object) -> None:
        raise TransientError("nobody listens")


def waiting(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM outbox").fetchone()
    assert row is not None
    return row[0]


def enriched(at: int) -> Event[Any]:
    return Event(KILLMAIL_ENRICHED, str(at), "killmail-enrich", PAIR[at], {})


async def test_the_hourly_tick_says_what_was_left(store: Database, database: str) -> None:
    for one in PAIR:
        await process_killmail(from_event(one), store, NOW)
    assert waiting(database) == 1
    recorder = RecordingPublisher()
    await handle(Event(TICK, "t", "timer", None, {}), store=store, publish=recorder, **GIVEN)
    assert [m.headers["ce-type"] for m in recorder.messages] == ["com.battlescope.battle.created.v1"]
    assert waiting(database) == 0


async def test_what_was_told_leaves_the_outbox_with_the_event_that_told_it(store: Database, database: str) -> None:
    recorder = RecordingPublisher()
    for at in (0, 1):
        await handle(enriched(at), store=store, publish=recorder, **GIVEN)
    assert (len(recorder.messages), waiting(database)) == (1, 1)
    await store.mark_processed("killmail-enrich", "1")
    assert waiting(database) == 0


async def test_after_a_failure_the_next_event_says_both(store: Database) -> None:
    await handle(enriched(0), store=store, publish=RecordingPublisher(), **GIVEN)
    with pytest.raises(TransientError):
        await handle(enriched(1), store=store, publish=Deaf(), **GIVEN)
    recorder = RecordingPublisher()
    third = Event(KILLMAIL_ENRICHED, "3", "killmail-enrich", mail(3, 4, (12, 2), [(2, 1), (3, 1)]), {})
    await handle(third, store=store, publish=recorder, **GIVEN)
    kinds = [message.headers["ce-type"].split(".")[-2] for message in recorder.messages]
    assert kinds == ["created", "updated"]


async def test_mails_remembered_are_not_read_again(store: Database) -> None:
    for one in PAIR:
        await process_killmail(from_event(one), store, NOW)
    async with store.transaction() as tx:
        remembered = await tx.mails([1, 2])
    store.memory = ProcessCache()
    async with store.transaction() as tx:
        read = await tx.mails([1, 2])
    assert remembered == read
    assert remembered[1] is not read[1]
    async with store.transaction() as tx:
        assert (await tx.mails([1]))[1] is read[1]


def test_memory_forgets_what_was_used_longest_ago() -> None:
    recent: LruCache[int, str] = LruCache(2)
    recent.update({1: "a", 2: "b"})
    recent.get(1)
    recent.put(3, "c")
    assert recent.known([1, 2, 3]) == {1: "a", 3: "c"}
