"""The battles of killmails: events about battles give the same rows in every order, single or in batches."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_ENDED, BATTLE_UPDATED, BATTLES_CHANGED
from battlescope_events.errors import PermanentError
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import Event, EventType, Message
from battlescope_events.postgres.database import Database
from battlescope_local.testing.examples import examples
from battlescope_schemas.battle import (
    BattleChunk,
    BattleCreated,
    BattleDeleted,
    BattleEnded,
    BattleMetadata,
    BattleStatus,
    BattleTotals,
    BattleUpdated,
    DeletionReason,
    UpdateReason,
)
from battlescope_schemas.universe import SecurityType
from killmail_enrich.enrichment.battle_membership import NO_REVISION
from killmail_enrich.handlers.battle_membership import MembershipHandler
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.battle_membership import BattleMembershipRepository

pytestmark = pytest.mark.postgres
TIME = datetime(2026, 11, 1, 20, tzinfo=UTC)
TOTALS = {"total_kills": 1, "total_isk_destroyed": 1, "participant_count": 2}
Payload = BattleCreated | BattleUpdated | BattleDeleted


def payload(battle_id: str, revision: int, killmail_ids: Sequence[int] | None) -> Payload:
    """The event of a battle's revision; without killmail ids the battle is deleted."""
    if killmail_ids is None:
        return BattleDeleted(battle_id=battle_id, revision=revision, reason=DeletionReason.RECLUSTER)
    fields: dict[str, Any] = TOTALS | {
        "battle_id": battle_id,
        "revision": revision,
        "system_id": 30000002,
        "system_name": "System 2",
        "region_id": 10000001,
        "region_name": "Derelik",
        "security_type": SecurityType.HIGHSEC,
        "start_time": TIME,
        "end_time": TIME,
        "status": BattleStatus.HISTORICAL,
        "killmail_ids": tuple(killmail_ids),
        "sides": (),
        "zkill_related_url": "https://zkillboard.com/related/1/1/",
        "metadata": BattleMetadata(clustering_algorithm="tests"),
    }
    if revision == 1:
        return BattleCreated(**fields)
    return BattleUpdated(**fields, update_reason=UpdateReason.RECLUSTER, previous=BattleTotals(**TOTALS))


def event_type(data: Payload) -> EventType[Any]:
    return {BattleCreated: BATTLE_CREATED, BattleUpdated: BATTLE_UPDATED, BattleDeleted: BATTLE_DELETED}[type(data)]


def message(data: Payload) -> Message:
    return event_type(data).message(data, source="tests", key=f"{data.battle_id}:{data.revision}", time=TIME)


@dataclass
class FakeArchive:
    """Batch objects in memory; the real archive has tests of its own."""

    bodies: dict[str, bytes] = field(default_factory=dict)

    async def batch(self, key: str) -> bytes:
        return self.bodies[key]


class Consumer:
    """The handler on a real database."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self.archive = FakeArchive()
        self.handler = MembershipHandler(BattleMembershipRepository(store), self.archive)

    async def handle(self, *payloads: Payload) -> None:
        """A single payload is an event of its own, several are a batch."""
        if len(payloads) == 1:
            await self.handler.handle(Event(event_type(payloads[0]), "e", "tests", payloads[0], {}))
        else:
            await self.handle_batch(payloads)

    async def handle_batch(self, payloads: Iterable[Payload]) -> None:
        messages = [message(data) for data in payloads]
        name, body = encode_batch(messages)
        claim_check = BattleChunk(chunk_key=f"chunks/battles/{name}", count=len(messages))
        self.archive.bodies[claim_check.chunk_key] = body
        await self.handler.handle(Event(BATTLES_CHANGED, "e", "tests", claim_check, {}))

    async def delete_rows(self) -> None:
        async with self.store.connection() as connection:
            await connection.execute("TRUNCATE battles, battle_killmails")

    async def rows(self, query: str = "SELECT battle_id, killmail_id FROM battle_killmails ORDER BY 1, 2") -> list[Any]:
        async with self.store.connection() as connection:
            return await (await connection.execute(query)).fetchall()

    async def all_rows(self) -> tuple[list[Any], list[Any]]:
        return await self.rows(), await self.rows("SELECT battle_id, revision FROM battles ORDER BY 1")


@pytest.fixture
def consumer(store: Database) -> Consumer:
    return Consumer(store)


KILLMAIL_IDS = st.none() | st.lists(st.integers(1, 6), max_size=5, unique=True)
REVISIONS = st.tuples(st.sampled_from(['a"', "b\\,{", "c"]), st.integers(1, 4))


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Payload], list[list[Payload]]]:
    """Payloads about battles, and deliveries of them: in any order, some repeated, some in batches."""
    killmails_by_revision = draw(st.dictionaries(REVISIONS, KILLMAIL_IDS, min_size=1, max_size=9))
    payloads = [payload(*revision, killmail_ids) for revision, killmail_ids in killmails_by_revision.items()]
    delivered = draw(st.permutations([*payloads, *draw(st.lists(st.sampled_from(payloads), max_size=3))]))
    ends = sorted(draw(st.sets(st.integers(1, len(delivered)), max_size=4)) | {len(delivered)})
    return payloads, [delivered[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries())
async def test_any_order_single_or_in_batches_gives_the_rows_of_ordered_single_events(
    consumer: Consumer, case: tuple[list[Payload], list[list[Payload]]]
) -> None:
    payloads, batches = case
    await consumer.delete_rows()
    for data in sorted(payloads, key=lambda data: data.revision):
        await consumer.handle(data)
    expected = await consumer.all_rows()
    await consumer.delete_rows()
    for batch in batches:
        await consumer.handle(*batch)
    assert await consumer.all_rows() == expected


async def test_killmail_that_moves_between_battles_ends_the_same_in_any_order(consumer: Consumer) -> None:
    """Killmail 2 moves from battle a to battle b."""
    payloads = [payload("a", 1, [1, 2]), payload("a", 2, [1]), payload("b", 1, [2, 3])]
    for order in permutations([*payloads, payloads[0]]):
        await consumer.delete_rows()
        for data in order:
            await consumer.handle(data)
        assert await consumer.rows() == [("a", 1), ("b", 2), ("b", 3)], order


async def test_deleted_battle_stays_deleted_unless_a_later_revision_restores_it(consumer: Consumer) -> None:
    await consumer.handle(payload("a", 3, None))
    await consumer.handle(payload("a", 2, [1, 2]))
    assert await consumer.rows() == []
    await consumer.handle(payload("a", 4, [1]))
    await consumer.handle(payload("a", 3, None))
    assert await consumer.rows() == [("a", 1)]


async def test_deletion_without_a_revision_is_final(consumer: Consumer) -> None:
    """Also for an event that comes again, as after a failure or by republishing, and for a later one."""
    deletion = payload("a", NO_REVISION, None)
    for order in permutations([payload("a", 2, [1]), payload("a", 3, [1, 2]), payload("a", 4, [2]), deletion]):
        await consumer.delete_rows()
        for data in [*order, *order]:
            await consumer.handle(data)
        assert await consumer.all_rows() == ([], [("a", NO_REVISION)]), order


async def test_deletion_without_a_revision_is_final_in_batches(consumer: Consumer) -> None:
    await consumer.handle(payload("a", 3, [1, 2]), payload("b", 1, [3]))
    await consumer.handle(payload("a", 4, [1]), payload("a", NO_REVISION, None), payload("a", 5, [1]))
    await consumer.handle(payload("a", 3, [1, 2]), payload("a", 6, [1]), payload("b", 2, [3, 4]))
    assert await consumer.all_rows() == ([("b", 3), ("b", 4)], [("a", NO_REVISION), ("b", 2)])


async def test_concurrent_events_and_batches_do_not_deadlock_and_end_the_same(consumer: Consumer) -> None:
    battles = [f"battle {number}" for number in range(40)]
    revisions = [[payload(b, revision, [revision, 100 + revision]) for b in battles] for revision in range(1, 9)]
    batches = [payloads[:: 1 if number % 2 else -1] for number, payloads in enumerate(revisions)]
    singles = (consumer.handle(data) for data in revisions[-1])
    await asyncio.gather(*(consumer.handle_batch(batch) for batch in batches), *singles)
    assert await consumer.rows() == sorted((b, k) for b in battles for k in (8, 108))


async def test_batch_takes_as_many_statements_as_a_single_event(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    execute = AsyncConnection.execute

    async def recorded(self: Any, query: str, *args: Any) -> Any:
        statements.append(query)
        return await execute(self, query, *args)

    monkeypatch.setattr(AsyncConnection, "execute", recorded)
    await consumer.handle_batch(payload(f"{number}", 1, [number]) for number in range(500))
    assert len(statements) == 3
    assert len(await consumer.rows()) == 500


async def test_batch_that_travels_with_its_event_is_not_read_and_names_its_changes(consumer: Consumer) -> None:
    payloads = [payload("a", 1, [1]), payload("b", 1, [2, 3]), payload("a", 2, [1, 4])]
    key, body = encode_batch(map(message, payloads))
    claim_check = BattleChunk(chunk_key=f"chunks/battles/{key}", count=3, content=body)
    changes = await consumer.handler.handle(Event(BATTLES_CHANGED, "e", "tests", claim_check, {}))
    assert await consumer.rows() == [("a", 1), ("a", 4), ("b", 2), ("b", 3)]
    assert (list(changes.battle_ids), list(changes.payloads)) == ([], payloads)
    broken = BattleChunk(chunk_key="chunks/battles/broken", count=1, content=b"no gzip")
    with pytest.raises(PermanentError, match="not gzip"):
        await consumer.handler.handle(Event(BATTLES_CHANGED, "e", "tests", broken, {}))


async def test_invalid_batch_is_a_permanent_error(consumer: Consumer, archive: Archive) -> None:
    handler = MembershipHandler(consumer.handler.repository, archive)
    ended = BATTLE_ENDED.message(BattleEnded(battle_id="a", end_time=TIME, **TOTALS), source="t", key="a", time=TIME)
    await archive.put_once("chunks/ended", encode_batch([ended])[1])
    await archive.put_once("chunks/broken", b"no gzip")
    for key, error in {
        "chunks/absent": "does not exist",
        "raw-killmails/absent": "not the key of a batch object",
        "chunks/broken": "not gzip",
        "chunks/ended": "does not accept",
    }.items():
        with pytest.raises(PermanentError, match=error):
            await handler.handle(Event(BATTLES_CHANGED, "e", "t", BattleChunk(chunk_key=key, count=1), {}))
