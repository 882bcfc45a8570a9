"""Republished battles equal the last original event of each; parts are published once, in order, until cancelled."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from edit_builders import NOW, query_rows, store_edit, store_republish_job
from enriched_builders import START, enriched_killmail, random_killmails
from event_processing import UnavailableBroker, process_event

from battle_cluster.handlers import republish
from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_EDIT_REQUESTED,
    BATTLE_REPUBLISH_REQUESTED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
)
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.battle import (
    BattleChunk,
    BattleDeleted,
    BattleEditRequested,
    DeletionReason,
    RepublishRequested,
)
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres
BATCHED = {kind.name: kind for kind in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED)}


class Objects:
    """The object storage of a test; nothing but `put` is used of `ClaimCheckStore`."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    async def put(self, key: str, body: bytes) -> None:
        self.stored[key] = body


class Republisher:
    """Delivers the parts of a job one after the other, and decodes the batches."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self.objects = Objects()
        self.batches: list[list[Event[Any]]] = []
        self.batch_ids: list[str] = []
        self.requested: list[int] = []

    async def run(self, job_id: str, max_parts: int = 50) -> list[Event[Any]]:
        """Process up to so many parts; returns the events of all their batches."""
        self.requested = [0]
        for _ in range(max_parts):
            if not self.requested:
                break
            await self.deliver(job_id, self.requested.pop())
        return [event for batch in self.batches for event in batch]

    async def deliver(self, job_id: str, part: int) -> None:
        recorder = RecordingPublisher()
        await process_event(self._store, request(job_id, part), recorder, self.objects)
        for message in recorder.messages:
            if message.type == BATTLE_REPUBLISH_REQUESTED.name:
                self.requested.append(RepublishRequested.model_validate_json(message.body).part)
            else:
                assert message.type == BATTLES_CHANGED.name
                claim_check = BattleChunk.model_validate_json(message.body)
                self.batches.append(list(decode_batch(self.objects.stored[claim_check.chunk_key], BATCHED)))
                self.batch_ids.append(message.id)
                assert claim_check.count == len(self.batches[-1])


def request(job_id: str, part: int) -> Event[Any]:
    payload = RepublishRequested(job_id=job_id, part=part)
    return Event(BATTLE_REPUBLISH_REQUESTED, f"{job_id}:{part}", "battle-api", payload, {})


@pytest.fixture
def republisher(store: Database) -> Republisher:
    return Republisher(store)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(republish, "MAX_BATTLES", 3)


async def published_by(store: Database, killmails: Sequence[EnrichedKillmail]) -> list[Message]:
    recorder = RecordingPublisher()
    for killmail in killmails:
        await process([from_event(killmail)], store, NOW)
        await store.outbox.flush(recorder)
    return recorder.messages


def last_states(messages: Sequence[Message]) -> dict[str, dict[str, Any]]:
    """The state in the last event of each battle, without what tells how it came about."""
    last: dict[str, dict[str, Any]] = {}
    for message in messages:
        payload = json.loads(message.body)
        last[payload["battleId"]] = state(payload)
    return last


def state(payload: dict[str, Any]) -> dict[str, Any]:
    cause = {"metadata", "addedKillmails", "removedKillmails", "updateReason", "previous"}
    return {name: value for name, value in payload.items() if name not in cause}


def states(events: Sequence[Event[Any]]) -> dict[str, dict[str, Any]]:
    payloads = [json.loads(event.type.data.dump_json(event.data, by_alias=True, exclude_none=True)) for event in events]
    return {payload["battleId"]: state(payload) for payload in payloads}


def job(database: str, job_id: str) -> tuple[Any, ...]:
    query = "SELECT status, part, battles_total, battles_processed FROM republish_jobs WHERE id = %s"
    return query_rows(database, query, job_id)[0]


@pytest.mark.parametrize("seed", range(4))
async def test_republished_battles_equal_their_last_events(
    store: Database, database: str, republisher: Republisher, seed: int
) -> None:
    original = last_states(await published_by(store, random_killmails(seed)))
    assert len(original) >= 3
    job_id = store_republish_job(database)
    republished = await republisher.run(job_id)
    assert states(republished) == original
    starts = [start for (start,) in query_rows(database, "SELECT start_time FROM battles ORDER BY start_time, id")]
    in_order = query_rows(database, "SELECT id::text FROM battles ORDER BY start_time, id")
    assert starts == sorted(starts)
    assert [event.data.battle_id for event in republished] == [battle_id for (battle_id,) in in_order]
    assert max(map(len, republisher.batches)) == 3
    total = len(original)
    assert job(database, job_id) == ("completed", -(-total // 3), total, total)


async def test_republished_event_is_marked_and_has_another_id(
    store: Database, database: str, republisher: Republisher
) -> None:
    original = await published_by(store, two_killmails(1, 0))
    (event,) = await republisher.run(store_republish_job(database))
    assert event.type == BATTLE_CREATED
    assert event.data.metadata.update_trigger == "republish"
    assert event.id not in {message.id for message in original}


async def test_deleted_and_merged_battles_are_republished_as_deletions(
    store: Database, database: str, republisher: Republisher
) -> None:
    await published_by(store, [*two_killmails(1, 0), *two_killmails(11, 30), *two_killmails(21, 90)])
    first, second, third = (row[0] for row in query_rows(database, "SELECT id::text FROM battles ORDER BY start_time"))
    await apply(store, first, store_edit(database, first, "tag", [1, 11]))
    await apply(store, third, store_edit(database, third, "exclude", [21, 22]))
    republished = {event.data.battle_id: event for event in await republisher.run(store_republish_job(database))}
    assert republished[first].type == BATTLE_CREATED
    assert set(republished[first].data.killmail_ids) == {1, 2, 11, 12}
    assert republished[first].data.edit_count == 1
    assert republished[second].data == BattleDeleted(
        battle_id=second, revision=2, reason=DeletionReason.MERGED, merged_into=first
    )
    assert republished[third].data == BattleDeleted(battle_id=third, revision=2, reason=DeletionReason.RECLUSTER)


async def test_only_battles_that_start_in_the_range_are_republished(
    store: Database, database: str, republisher: Republisher
) -> None:
    await published_by(store, [*two_killmails(1, 0), *two_killmails(11, 60), *two_killmails(21, 120)])
    at_hour = [START + timedelta(hours=hour) for hour in range(3)]
    for start, end, first_killmails in (
        (None, at_hour[1], [1]),
        (at_hour[1], at_hour[2], [11]),
        (at_hour[1], None, [11, 21]),
    ):
        republisher.batches.clear()
        events = await republisher.run(store_republish_job(database, start, end))
        assert [event.data.killmail_ids[0] for event in events] == first_killmails


async def test_large_battles_end_a_part_early(
    store: Database, database: str, republisher: Republisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published_by(
        store, [killmail for number in range(3) for killmail in two_killmails(10 * number + 1, 60 * number)]
    )
    for limit, sizes in ((1, [1, 1, 1]), (3, [2, 1]), (5, [3])):
        monkeypatch.setattr(republish, "MAX_KILLMAILS", limit)
        republisher.batches.clear()
        await republisher.run(store_republish_job(database))
        assert list(map(len, republisher.batches)) == sizes


async def test_redelivered_part_publishes_nothing_again(
    store: Database, database: str, republisher: Republisher
) -> None:
    await published_by(store, random_killmails(1))
    job_id = store_republish_job(database)
    await republisher.run(job_id, max_parts=1)
    await republisher.deliver(job_id, 0)
    assert (len(republisher.batches), republisher.requested) == (1, [1])


async def test_part_that_was_not_published_is_published_by_the_next_event(
    store: Database, database: str, republisher: Republisher
) -> None:
    await published_by(store, two_killmails(1, 0))
    job_id = store_republish_job(database)
    with pytest.raises(TransientError):
        await process_event(store, request(job_id, 0), UnavailableBroker(), republisher.objects)
    assert job(database, job_id)[1] == 1
    await republisher.deliver(job_id, 0)
    assert ([len(batch) for batch in republisher.batches], republisher.requested) == ([1], [1])


async def test_part_whose_object_is_not_stored_is_repeated(
    store: Database, database: str, republisher: Republisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise TransientError("The object storage does not answer.")

    await published_by(store, two_killmails(1, 0))
    job_id = store_republish_job(database)
    with monkeypatch.context() as broken:
        broken.setattr(republisher.objects, "put", refuse)
        with pytest.raises(TransientError):
            await republisher.deliver(job_id, 0)
    assert job(database, job_id) == ("pending", 0, 0, 0)
    assert len(await republisher.run(job_id)) == 1


async def test_cancelled_job_stops_before_its_next_part(
    store: Database, database: str, republisher: Republisher
) -> None:
    await published_by(store, random_killmails(2))
    job_id = store_republish_job(database)
    await republisher.run(job_id, max_parts=1)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE republish_jobs SET status = 'cancelled'")
    await republisher.deliver(job_id, 1)
    assert len(republisher.batches) == 1
    assert job(database, job_id)[0] == "cancelled"


async def test_battle_that_changes_between_parts_is_republished_as_it_is_then(
    store: Database, database: str, republisher: Republisher
) -> None:
    killmails = [killmail for number in range(6) for killmail in two_killmails(10 * number + 1, 60 * number)]
    await published_by(store, killmails)
    job_id = store_republish_job(database)
    await republisher.run(job_id, max_parts=1)
    late = [enriched_killmail(7, 3, (7, 1), [(8, 2)]), enriched_killmail(57, 303, (7, 1), [(8, 2)])]
    changes = last_states(await published_by(store, late))
    assert [change["revision"] for change in changes.values()] == [2, 2]
    for part in (1, 2):
        await republisher.deliver(job_id, part)
    events = [event for batch in republisher.batches for event in batch]
    assert [event.data.revision for event in events] == [1, 1, 1, 1, 1, 2]
    assert states(events)[events[-1].data.battle_id] == changes[events[-1].data.battle_id]


async def test_unknown_job_is_rejected_permanently(republisher: Republisher) -> None:
    with pytest.raises(PermanentError, match="There is no job"):
        await republisher.deliver("00000000-0000-4000-8000-000000000000", 0)


def two_killmails(first_id: int, minute: float) -> list[EnrichedKillmail]:
    """The killmails of one battle, an hour away from those of another."""
    return [
        enriched_killmail(first_id, minute, (first_id, 1), [(first_id + 1, 2)]),
        enriched_killmail(first_id + 1, minute + 2, (first_id + 1, 2), [(first_id, 1)]),
    ]


async def apply(store: Database, battle_id: str, edit: tuple[str, int]) -> None:
    edit_id, version = edit
    payload = BattleEditRequested(edit_id=edit_id, battle_id=battle_id, version=version)
    await process_event(store, Event(BATTLE_EDIT_REQUESTED, edit_id, "battle-api", payload, {}), RecordingPublisher())
