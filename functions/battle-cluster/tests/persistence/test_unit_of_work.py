"""The outbox, and reads through the process cache."""

from typing import Any

import psycopg
import pytest
from builders import RULES
from edit_builders import NOW
from enriched_builders import enriched_killmail
from event_processing import UnavailableBroker, process_event

from battle_cluster.detection import neighbourhood_strategies
from battle_cluster.domain.killmail import Killmail
from battle_cluster.domain.lock_keys import BATCH_LOCK_KEY, MoreLocksNeeded, lock_key_of
from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import from_event, killmail_of
from battle_cluster.persistence.killmails import KillmailRepository
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battlescope_events.catalog import KILLMAIL_ENRICHED, TIMER
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import RecordingPublisher

pytestmark = pytest.mark.postgres
PAIR = [enriched_killmail(1, 0, (1, 1), [(11, 2)]), enriched_killmail(2, 2, (2, 1), [(11, 2)])]


def outbox_size(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM outbox_messages").fetchone()
    assert row is not None
    return row[0]


def enriched(index: int) -> Event[Any]:
    return Event(KILLMAIL_ENRICHED, str(index), "killmail-enrich", PAIR[index], {})


async def test_hourly_timer_event_publishes_the_outbox(store: Database, database: str) -> None:
    for payload in PAIR:
        await process([from_event(payload)], store, NOW)
    assert outbox_size(database) == 1
    recorder = RecordingPublisher()
    await process_event(store, Event(TIMER, "t", "timer", None, {}), recorder)
    assert [m.headers["ce-type"] for m in recorder.messages] == ["com.battlescope.battle.created.v1"]
    assert outbox_size(database) == 0


async def test_published_message_leaves_the_outbox_when_its_event_is_marked_processed(
    store: Database, database: str
) -> None:
    recorder = RecordingPublisher()
    for index in (0, 1):
        await process_event(store, enriched(index), recorder)
    assert (len(recorder.messages), outbox_size(database)) == (1, 1)
    await store.deduplicator.mark_processed("killmail-enrich", "1")
    await store.deduplicator.close()
    assert outbox_size(database) == 0


async def test_event_after_a_failed_publish_publishes_both_messages(store: Database) -> None:
    await process_event(store, enriched(0), RecordingPublisher())
    with pytest.raises(TransientError):
        await process_event(store, enriched(1), UnavailableBroker())
    recorder = RecordingPublisher()
    third = Event(KILLMAIL_ENRICHED, "3", "killmail-enrich", enriched_killmail(3, 4, (12, 2), [(2, 1), (3, 1)]), {})
    await process_event(store, third, recorder)
    kinds = [message.headers["ce-type"].split(".")[-2] for message in recorder.messages]
    assert kinds == ["created", "updated"]


async def test_cached_killmails_are_not_read_again(store: Database) -> None:
    for payload in PAIR:
        await process([from_event(payload)], store, NOW)
    async with store.unit_of_work() as uow:
        cached = await uow.killmails.load([1, 2])
    store.cache = ProcessCache()
    async with store.unit_of_work() as uow:
        loaded = await uow.killmails.load([1, 2])
    assert cached == loaded
    assert cached[1] is not loaded[1]
    async with store.unit_of_work() as uow:
        assert (await uow.killmails.load([1]))[1] is loaded[1]


async def test_retried_transaction_holds_the_keys_that_were_missing_before(store: Database) -> None:
    await process([from_event(PAIR[0])], store, NOW)
    killmails = [killmail_of(payload) for payload in PAIR]
    elsewhere = killmail_of(enriched_killmail(3, 3, (1, 1), [(11, 2)], system=30_000_999))
    async with store.unit_of_work() as uow:
        _, stored = await uow.lock_and_find_stored(killmails)
        missing = uow.missing_lock_keys([*killmails, elsewhere], RULES)
    assert (stored, missing) == ({1: (0, 0)}, {lock_key_of(elsewhere)})
    async with store.unit_of_work() as uow:
        await uow.lock_and_find_stored(killmails, missing)
        assert not uow.missing_lock_keys([*killmails, elsewhere], RULES)


@pytest.mark.parametrize(("minutes", "waits"), [(60, True), (200, False), (3000, False)])
async def test_batches_of_other_hours_are_written_side_by_side(
    store: Database, monkeypatch: pytest.MonkeyPatch, minutes: int, waits: bool
) -> None:
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    batch = [killmail_of(killmail) for killmail in PAIR]
    later = [killmail_of(enriched_killmail(at, minutes + at, (at, 1), [(11, 2)])) for at in (3, 4)]
    async with store.unit_of_work() as uow:
        await uow.lock_and_find_stored(batch)
        assert await is_waiting(store, later) is waits


async def test_single_killmail_waits_for_a_batch_in_its_systems(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    async with store.unit_of_work() as uow:
        await uow.lock_and_find_stored([killmail_of(killmail) for killmail in PAIR])
        assert await is_waiting(store, [killmail_of(enriched_killmail(3, 5, (1, 1), [(11, 2)]))])
        assert not await is_waiting(store, [killmail_of(enriched_killmail(4, 5, (1, 1), [(11, 2)], system=30_000_999))])


async def test_batch_must_hold_the_hours_of_everything_that_it_changes(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    batch = [killmail_of(killmail) for killmail in PAIR]
    reached = killmail_of(enriched_killmail(3, 400, (1, 1), [(11, 2)]))
    async with store.unit_of_work() as uow:
        await uow.lock_and_find_stored(batch)
        assert not uow.missing_lock_keys(batch, RULES)
        missing = uow.missing_lock_keys([*batch, reached], RULES)
    async with store.unit_of_work() as uow:
        await uow.lock_and_find_stored(batch, missing)
        assert not uow.missing_lock_keys([*batch, reached], RULES)
        later = [killmail_of(enriched_killmail(at, 400 + at, (at, 1), [(11, 2)])) for at in (4, 5)]
        assert await is_waiting(store, later)


async def test_batch_holds_the_hours_of_stored_battles_that_it_may_change_at_once(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them it would be clustered a second time."""
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    fight = [enriched_killmail(n, 5 * n, (n % 5 + 1, 1), [(11, 2), (12, 2)]) for n in range(1, 60)]
    stored, batch = fight[:-2], [killmail_of(killmail) for killmail in fight[-2:]]
    await process(map(from_event, stored), store, NOW)
    async with store.unit_of_work() as uow:
        await uow.lock_and_find_stored(batch)
        assert not uow.missing_lock_keys([*map(killmail_of, stored), *batch], RULES)


async def test_battle_stored_while_a_batch_waited_is_noticed_before_anything_is_clustered(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    fight = [enriched_killmail(n, 5 * n, (n % 5 + 1, 1), [(11, 2), (12, 2)]) for n in range(1, 60)]
    batch = [killmail_of(killmail) for killmail in fight[-2:]]
    original, reads = KillmailRepository.span_of_components_between, list[int]()

    async def storing_after_the_first_read(repository: KillmailRepository, start: int, end: int) -> list[int]:
        span = await original(repository, start, end)
        reads.append(start)
        if len(reads) == 1:
            await process(map(from_event, fight[:-2]), store, NOW)
        return span

    monkeypatch.setattr(KillmailRepository, "span_of_components_between", storing_after_the_first_read)
    async with store.unit_of_work() as uow:
        with pytest.raises(MoreLocksNeeded) as more:
            await uow.lock_and_find_stored(batch)
    async with store.unit_of_work() as uow:
        await uow.lock_and_find_stored(batch, more.value.lock_keys)
        assert not uow.missing_lock_keys([*map(killmail_of, fight[:-2]), *batch], RULES)


async def test_exclusive_batch_lock_makes_each_batch_wait(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    async with store.unit_of_work() as uow:
        await uow.lock({BATCH_LOCK_KEY})
        assert await is_waiting(store, [killmail_of(killmail) for killmail in PAIR])


async def is_waiting(store: Database, killmails: list[Killmail]) -> bool:
    """Whether a transaction that locks these killmails waits for another one."""
    try:
        async with store.transaction() as connection:
            await connection.execute("SET LOCAL lock_timeout = '200ms'")
            await UnitOfWork(connection, store.cache, store.outbox).lock_and_find_stored(killmails)
    except TransientError:
        return True
    return False
