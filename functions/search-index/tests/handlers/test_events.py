"""The state after events does not depend on their order, on how often they come, or on single events or batches."""

import asyncio
from itertools import permutations
from typing import Any, LiteralString
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from search_builders import (
    START,
    Consumer,
    battle,
    battle_id,
    empty,
    ended,
    event,
    killmail,
    many_ended,
    renamed,
    rows,
    shared,
    state,
)

from battlescope_events.catalog import TIMER
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_events.postgres.database import Database, open_pool
from battlescope_local.testing.databases import Database as Clone
from battlescope_local.testing.examples import examples
from battlescope_schemas.backfill import RetentionDue
from search_index.handlers.dispatch import ACCEPTED_TYPES
from search_index.services.indexing import index

pytestmark = pytest.mark.postgres
KILLMAILS = [
    killmail(1, (1, 1), [(11, 2), (12, 2)]),
    killmail(2, (2, 1), [(11, 2), (21, 3)], minute=5),
    killmail(3, (11, 2), [(1, 1)], minute=9),
    killmail(4, (5, 4), [(11, 2)], minute=90),
]
BATTLES = [battle(1, 1, [1, 2]), battle(1, 2, [1, 2, 3]), battle(2, 1, [4, 5]), battle(3, 1, [1]), battle(3, 2, None)]
NAMES = [
    renamed(99_000_002, "Pandemic Horde", 1),
    renamed(99_000_002, "Pandemic Horde", 2, ticker="REKTD"),
    renamed(99_000_002, "Pandemic Swarm", 3),
    renamed(90_000_011, "Ünser Pilot", 1, kind="character"),
]
OPEN_LINK, REVOKED_LINK = "a" * 64, "b" * 64
SHARES = [shared(1, OPEN_LINK), shared(2, REVOKED_LINK), shared(2, REVOKED_LINK, is_revoked=True)]
ENDS = [ended(1, 1), ended(1, 2), ended(2, 1)]
ALL: list[Any] = [*KILLMAILS, *BATTLES, *NAMES, *ENDS, *SHARES]
SINGLY_AND_TOGETHER = [*ALL, many_ended(*ENDS[1:], ENDS[0]), many_ended(ENDS[0], ENDS[2])]


async def state_after(store: Database, payloads: list[Any], *, index_each: bool = False) -> dict[str, Any]:
    await empty(store)
    consumer = Consumer(store)
    for payload in payloads:
        await consumer.process(payload)
        if index_each:
            await consumer.index()
    await consumer.handlers.maintenance.catch_up()
    await consumer.close()
    return await state(store)


async def test_many_and_one_end_in_the_same_state(store: Database) -> None:
    singly = await state_after(store, ALL)
    await empty(store)
    consumer = Consumer(store)
    await consumer.process_killmail_batch(KILLMAILS)
    await consumer.process_battle_batch(BATTLES)
    await consumer.process(*NAMES, many_ended(*ENDS), *SHARES)
    await consumer.index()
    await consumer.close()
    assert await state(store) == singly
    assert {row[0] for row in singly["documents"]} == {UUID(battle_id(1)), UUID(battle_id(2))}


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payloads=st.permutations(SINGLY_AND_TOGETHER),
    repeated=st.lists(st.sampled_from(SINGLY_AND_TOGETHER), max_size=5),
    index_each=st.booleans(),
)
def test_any_order_and_repetition_end_in_the_same_state(
    store_runner: Any, payloads: list[Any], repeated: list[Any], *, index_each: bool
) -> None:
    expected, run = store_runner
    assert run([*payloads, *repeated], index_each=index_each) == expected


@pytest.fixture
def store_runner(module_database: Clone) -> Any:
    async def once(payloads: list[Any], *, index_each: bool) -> dict[str, Any]:
        async with open_pool(SecretStr(module_database.url("search-index")), "test", max_size=4) as pool:
            return await state_after(Database(pool, "search"), payloads, index_each=index_each)

    def run(payloads: list[Any], *, index_each: bool = False) -> dict[str, Any]:
        return asyncio.run(once(payloads, index_each=index_each))

    return run(ALL), run


async def test_counts_are_those_of_the_battles(consumer: Consumer, store: Database) -> None:
    await consumer.process(*KILLMAILS, *BATTLES)
    await consumer.index()
    counts = await rows(
        store,
        "SELECT entity_id, battle_count, kills, losses FROM entities"
        " WHERE entity_type = 'alliance' AND is_searchable ORDER BY entity_id",
    )
    assert counts == [
        (99_000_001, 1, 1, 2),
        (99_000_002, 2, 3, 1),
        (99_000_003, 1, 1, 0),
        (99_000_004, 1, 0, 1),
    ]
    systems = await rows(store, "SELECT entity_id, battle_count, losses FROM entities WHERE entity_type = 'system'")
    assert systems == [(30_000_142, 2, 4)]


async def test_counts_kept_by_differences_are_those_of_all_battles(store: Database) -> None:
    await state_after(store, [*KILLMAILS, *BATTLES, *reversed(KILLMAILS), *BATTLES], index_each=True)
    statement: LiteralString = """
        SELECT e.entity_type, e.entity_id, e.battle_count, e.kills, e.losses, e.last_seen_at, count(b.battle_id),
            coalesce(sum(b.kills), 0), coalesce(sum(b.losses), 0), max(b.last_seen_at)
        FROM entities AS e LEFT JOIN battle_entities AS b USING (entity_type, entity_id)
        GROUP BY e.entity_type, e.entity_id
    """
    counts = await rows(store, statement)
    assert [row[2:6] for row in counts] == [row[6:] for row in counts]
    kept = await state(store)
    async with store.transaction() as connection:
        keys = [(row[0], row[1]) for row in counts]
        await index(connection, [battle_id(number) for number in (1, 2, 3)], keys, has_copy=False, is_whole=True)
    assert await state(store) == kept
    assert {row[0] for row in counts if row[2] > 1} == {"alliance", "character", "corporation", "ship_type", "system"}


@pytest.mark.parametrize("minute", [0, 9])
async def test_a_later_killmail_takes_pilots_to_its_corporation(
    consumer: Consumer, store: Database, minute: int
) -> None:
    await consumer.process(killmail(1, minute=5), battle(1, 1, [1]))
    await consumer.index()
    moved = killmail(2, (2, 3), [(11, 9)], minute=minute)
    await consumer.process(moved, battle(2, 1, [2]))
    await consumer.index()
    found = await rows(store, "SELECT corporation_id FROM entities WHERE entity_id = 90000011")
    assert found == [(98_000_009 if minute == 9 else 98_000_002,)]


async def test_a_killmail_that_left_its_battle_counts_no_more(consumer: Consumer, store: Database) -> None:
    await consumer.process(*KILLMAILS, battle(1, 1, [1, 2]))
    await consumer.index()
    await consumer.process(battle(1, 2, [1, 3]))
    await consumer.index()
    kept = await state(store)
    assert ("alliance", 99_000_003) not in {row[:2] for row in kept["participations"]}
    again = await state_after(store, [*KILLMAILS, battle(1, 2, [1, 3])])
    assert again["participations"] == kept["participations"]


async def test_rows_of_a_release_that_does_not_say_what_it_counts_are_counted_again(
    consumer: Consumer, store: Database
) -> None:
    await consumer.process(*KILLMAILS, battle(1, 1, [1, 2]))
    await consumer.index()
    async with store.connection() as connection:
        await connection.execute("UPDATE battle_killmails SET is_counted = false")
    await consumer.process(battle(1, 2, [1, 2, 3]))
    await consumer.index()
    kept = await state(store)
    again = await state_after(store, [*KILLMAILS, battle(1, 2, [1, 2, 3])])
    assert again["participations"] == kept["participations"]
    assert all(is_counted for *_, is_counted in kept["members"])


async def test_a_deleted_battle_takes_its_counts_with_it(consumer: Consumer, store: Database) -> None:
    await consumer.process(*KILLMAILS, *BATTLES)
    await consumer.index()
    await consumer.process(battle(1, 3, None), battle(2, 2, None))
    await consumer.index()
    assert await rows(store, "SELECT * FROM battle_documents") == []
    assert await rows(store, "SELECT * FROM battle_entities") == []
    assert await rows(store, "SELECT entity_id FROM entities WHERE is_searchable OR battle_count <> 0") == []


async def test_a_killmail_without_a_battle_makes_nothing_searchable(consumer: Consumer, store: Database) -> None:
    await consumer.process(KILLMAILS[0])
    await consumer.index()
    assert await rows(store, "SELECT count(*) FROM killmails") == [(1,)]
    assert await rows(store, "SELECT entity_id FROM entities WHERE is_searchable") == []


@pytest.mark.parametrize("order", list(permutations([battle(1, 1, [1]), battle(1, 2, [1, 2]), ended(1, 2)])))
async def test_an_ended_battle_is_closed_in_any_order(consumer: Consumer, store: Database, order: list[Any]) -> None:
    await consumer.process(*KILLMAILS, *order)
    await consumer.index()
    assert await rows(store, "SELECT status, document ->> 'status' FROM battle_documents") == [("closed", "closed")]


@pytest.mark.parametrize("order", list(permutations([battle(1, 1, [1]), battle(2, 1, [4]), many_ended(*ENDS[::2])])))
async def test_battles_that_ended_together_are_closed_in_any_order(
    consumer: Consumer, store: Database, order: list[Any]
) -> None:
    await consumer.process(*KILLMAILS, *order)
    await consumer.index()
    assert await rows(store, "SELECT status FROM battle_documents") == [("closed",)] * 2


async def test_a_batch_of_ends_with_something_else_is_refused(consumer: Consumer, store: Database) -> None:
    with pytest.raises(PermanentError, match="does not accept"):
        await consumer.process(many_ended(ENDS[0], battle(2, 1, [4])))
    assert await rows(store, "SELECT * FROM battles") == []


async def test_a_later_revision_reopens_an_ended_battle(consumer: Consumer, store: Database) -> None:
    await consumer.process(*KILLMAILS, battle(1, 1, [1]), ended(1, 1), battle(1, 2, [1, 2]))
    await consumer.index()
    assert await rows(store, "SELECT status FROM battle_documents") == [("open",)]


async def test_a_deletion_without_a_revision_is_final(consumer: Consumer, store: Database) -> None:
    await consumer.process(KILLMAILS[0], battle(1, 0, None), battle(1, 5, [1]))
    await consumer.index()
    assert await rows(store, "SELECT * FROM battle_documents") == []


@pytest.mark.parametrize("order", list(permutations(SHARES)))
async def test_a_revoked_link_stays_revoked_in_any_order(consumer: Consumer, store: Database, order: list[Any]) -> None:
    await consumer.process(*order)
    links = await rows(store, "SELECT token_digest, battle_id, is_revoked FROM battle_shares ORDER BY token_digest")
    assert links == [(OPEN_LINK, UUID(battle_id(1)), False), (REVOKED_LINK, UUID(battle_id(2)), True)]


async def test_a_merged_battle_leads_to_the_one_it_was_merged_into_until_it_is_back(
    consumer: Consumer, store: Database
) -> None:
    merged = battle(2, 2, None).model_copy(update={"merged_into": battle_id(1)})
    await consumer.process(battle(2, 1, [4]), merged)
    found = "SELECT merged_into FROM battles"
    assert await rows(store, found) == [(UUID(battle_id(1)),)]
    await consumer.process(battle(2, 3, [4]))
    assert await rows(store, found) == [(None,)]


async def test_a_higher_valuation_changes_the_value(consumer: Consumer, store: Database) -> None:
    second = killmail(1, value_source="zkb", total_value="5.00", value_revision=2)
    third = killmail(1, value_source="zkb", total_value="7.00", value_revision=2, valuation_revision=1)
    await consumer.process(third, killmail(1), second)
    assert await rows(store, "SELECT total_value::text FROM killmails") == [("7.00",)]


async def test_retention_deletes_killmails_before_the_cutoff(consumer: Consumer, store: Database) -> None:
    await consumer.process(*KILLMAILS)
    await consumer.process(RetentionDue(cutoff_date=START.date()))
    assert await rows(store, "SELECT count(*) FROM killmails") == [(4,)]
    await consumer.process(RetentionDue(cutoff_date=START.date().replace(day=2)))
    assert await rows(store, "SELECT count(*) FROM killmails") == [(0,)]


async def test_factions_are_not_indexed(consumer: Consumer, store: Database) -> None:
    await consumer.process(renamed(500_001, "Caldari State", 1, kind="faction"))
    assert await rows(store, "SELECT * FROM entities") == []


async def test_an_unknown_timer_task_is_refused(consumer: Consumer) -> None:
    with pytest.raises(PermanentError, match="no timer task named nonsense"):
        await consumer.handlers.dispatch(Event(TIMER, "1", "tests", None, {"task": "nonsense"}))


async def test_a_name_that_comes_after_the_battle_makes_its_entity_searchable(
    consumer: Consumer, store: Database
) -> None:
    nameless = killmail(1)
    victim = nameless.victim.model_copy(update={"character_name": None})
    await consumer.process(nameless.model_copy(update={"victim": victim}), battle(1, 1, [1]))
    await consumer.index()
    found = "SELECT entity_name FROM entities WHERE entity_id = 90000001 AND is_searchable"
    assert await rows(store, found) == []
    await consumer.process(renamed(90_000_001, "Late Name", 1, kind="character"))
    await consumer.index()
    assert await rows(store, found) == [("Late Name",)]
    assert "late" in (await rows(store, "SELECT tsvector_to_array(search_vector) FROM battle_documents"))[0][0]


def test_every_accepted_type_has_a_payload_here() -> None:
    covered = {event(payload).type.name for payload in [*ALL, RetentionDue(cutoff_date=START.date())]}
    assert {kind.name for kind in ACCEPTED_TYPES} - covered == {
        TIMER.name,
        "com.battlescope.battle.many-changed.v1",
        "com.battlescope.battle.many-ended.v1",
        "com.battlescope.search.reindex-requested.v1",
    }
