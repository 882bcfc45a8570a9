"""Which battle each killmail is in: the same rows from every order of words about battles, alone or in chunks."""

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
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_ENDED, BATTLE_UPDATED, BATTLES_CHANGED
from battlescope_events.errors import PermanentError
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import Event, EventType, Message
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
from killmail_enrich.enrichment.battle_membership import UNSTATED, BattleMembership, keep_latest_revision
from killmail_enrich.handlers.battle_membership import MembershipHandler
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.battle_membership import PlacingStore

pytestmark = pytest.mark.postgres
TIME = datetime(2026, 11, 1, 20, tzinfo=UTC)
TOTALS = {"total_kills": 1, "total_isk_destroyed": 1, "participant_count": 2}
Word = BattleCreated | BattleUpdated | BattleDeleted


def word(battle_id: str, revision: int, killmail_ids: Sequence[int] | None) -> Word:
    """What is said of a battle at this revision; no list of killmails: it is gone."""
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


def kind(data: Word) -> EventType[Any]:
    return {BattleCreated: BATTLE_CREATED, BattleUpdated: BATTLE_UPDATED, BattleDeleted: BATTLE_DELETED}[type(data)]


def message(data: Word) -> Message:
    return kind(data).message(data, source="tests", key=f"{data.battle_id}:{data.revision}", time=TIME)


@dataclass
class Objects:
    """An archive in memory; the real one has tests of its own."""

    bodies: dict[str, bytes] = field(default_factory=dict)

    async def chunk(self, key: str) -> bytes:
        return self.bodies[key]


class Machine:
    def __init__(self, pool: AsyncConnectionPool) -> None:
        self.pool = pool
        self.objects = Objects()
        self.placer = MembershipHandler(PlacingStore(pool), self.objects)

    async def hear(self, *words: Word) -> None:
        """One word comes alone, several come as a chunk."""
        if len(words) == 1:
            await self.placer.hear(Event(kind(words[0]), "e", "tests", words[0], {}))
        else:
            await self.hear_chunk(words)

    async def hear_chunk(self, words: Iterable[Word]) -> None:
        messages = [message(each) for each in words]
        name, body = encode_batch(messages)
        chunk = BattleChunk(chunk_key=f"chunks/battles/{name}", count=len(messages))
        self.objects.bodies[chunk.chunk_key] = body
        await self.placer.hear(Event(BATTLES_CHANGED, "e", "tests", chunk, {}))

    async def forget(self) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("TRUNCATE battles, battle_killmails")

    async def rows(self, query: str = "SELECT battle_id, killmail_id FROM battle_killmails ORDER BY 1, 2") -> list[Any]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()

    async def everything(self) -> tuple[list[Any], list[Any]]:
        return await self.rows(), await self.rows("SELECT battle_id, revision FROM battles ORDER BY 1")


@pytest.fixture
def machine(pool: AsyncConnectionPool) -> Machine:
    return Machine(pool)


LISTS = st.none() | st.lists(st.integers(1, 6), max_size=5, unique=True)
REVISIONS = st.tuples(st.sampled_from(['a"', "b\\,{", "c"]), st.integers(1, 4))


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Word], list[list[Word]]]:
    """Words about battles, and a way in which they are heard: any order, some twice, some together."""
    said = [word(*key, ids) for key, ids in draw(st.dictionaries(REVISIONS, LISTS, min_size=1, max_size=9)).items()]
    heard = draw(st.permutations([*said, *draw(st.lists(st.sampled_from(said), max_size=3))]))
    ends = sorted(draw(st.sets(st.integers(1, len(heard)), max_size=4)) | {len(heard)})
    return said, [heard[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries())
async def test_any_order_alone_or_in_chunks_ends_as_one_by_one(
    machine: Machine, case: tuple[list[Word], list[list[Word]]]
) -> None:
    said, heard = case
    await machine.forget()
    for each in sorted(said, key=lambda each: each.revision):
        await machine.hear(each)
    expected = await machine.everything()
    await machine.forget()
    for together in heard:
        await machine.hear(*together)
    assert await machine.everything() == expected


async def test_battles_end_the_same_whichever_order_their_news_has(machine: Machine) -> None:
    """Mail 2 moves from battle a to battle b."""
    news = [word("a", 1, [1, 2]), word("a", 2, [1]), word("b", 1, [2, 3])]
    for order in permutations([*news, news[0]]):
        await machine.forget()
        for each in order:
            await machine.hear(each)
        assert await machine.rows() == [("a", 1), ("b", 2), ("b", 3)], order


async def test_a_battle_that_is_gone_stays_gone_unless_a_later_word_revives_it(machine: Machine) -> None:
    await machine.hear(word("a", 3, None))
    await machine.hear(word("a", 2, [1, 2]))
    assert await machine.rows() == []
    await machine.hear(word("a", 4, [1]))
    await machine.hear(word("a", 3, None))
    assert await machine.rows() == [("a", 1)]


async def test_a_deletion_that_states_no_revision_is_the_last_word(machine: Machine) -> None:
    await machine.hear(word("a", 3, [1, 2]))
    await machine.hear(word("a", UNSTATED, None))
    await machine.hear(word("a", 2, [1]))
    assert await machine.everything() == ([], [("a", 3)])
    await machine.hear(word("b", 1, [1]), word("b", UNSTATED, None), word("b", 2, [1]))
    assert await machine.rows() == []


def test_of_equal_revisions_the_first_counts_as_it_does_one_by_one() -> None:
    known: dict[str, BattleMembership] = {}
    for ids in ((1,), (2,)):
        keep_latest_revision(known, BattleMembership("a", 1, ids))
    assert known["a"].killmail_ids == (1,)


async def test_words_and_chunks_at_once_neither_wait_in_a_circle_nor_change_the_end(machine: Machine) -> None:
    battles = [f"battle {number}" for number in range(40)]
    rounds = [[word(b, revision, [revision, 100 + revision]) for b in battles] for revision in range(1, 9)]
    chunks = [each[:: 1 if number % 2 else -1] for number, each in enumerate(rounds)]
    singles = (machine.hear(each) for each in rounds[-1])
    await asyncio.gather(*(machine.hear_chunk(each) for each in chunks), *singles)
    assert await machine.rows() == sorted((b, k) for b in battles for k in (8, 108))


async def test_a_chunk_costs_as_many_statements_as_a_single_word(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    execute = AsyncConnection.execute

    async def counted(self: Any, query: str, *rest: Any) -> Any:
        sent.append(query)
        return await execute(self, query, *rest)

    monkeypatch.setattr(AsyncConnection, "execute", counted)
    await machine.hear_chunk(word(f"{number}", 1, [number]) for number in range(500))
    assert len(sent) == 3
    assert len(await machine.rows()) == 500


async def test_a_chunk_that_is_none_is_refused_for_good(machine: Machine, archive: Archive) -> None:
    placer = MembershipHandler(machine.placer.store, archive)
    ended = BATTLE_ENDED.message(BattleEnded(battle_id="a", end_time=TIME, **TOTALS), source="t", key="a", time=TIME)
    await archive.put_once("chunks/ended", encode_batch([ended])[1])
    await archive.put_once("chunks/broken", b"no gzip")
    for key, why in {
        "chunks/absent": "There is no chunk",
        "raw-killmails/absent": "no key of a chunk",
        "chunks/broken": "not gzip",
        "chunks/ended": "does not accept",
    }.items():
        with pytest.raises(PermanentError, match=why):
            await placer.hear(Event(BATTLES_CHANGED, "e", "t", BattleChunk(chunk_key=key, count=1), {}))
