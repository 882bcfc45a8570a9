"""What waits is found again, and statements read what they should."""

import asyncio
from typing import Any, LiteralString

import pytest
from search_builders import Consumer, battle, killmail, rows

from battlescope_events.postgres.database import Database
from search_index.persistence.entities import RECOUNT, count_params
from search_index.persistence.killmails import SAVE_KILLMAILS
from search_index.persistence.participations import SELECT_MEMBERS

pytestmark = pytest.mark.postgres


async def test_a_battle_whose_killmail_came_unseen_is_indexed_again(consumer: Consumer, store: Database) -> None:
    await consumer.process(killmail(1), battle(1, 1, [1, 2]))
    await consumer.index()
    assert await rows(store, "SELECT missing_killmails FROM battles") == [(1,)]
    await consumer.process(killmail(2, (7, 7)))
    async with store.connection() as connection:
        await connection.execute("DELETE FROM index_queue")  # as if neither transaction had seen the other
    await consumer.index()
    searchable = "SELECT count(*) FROM entities WHERE entity_id = 90000007 AND is_searchable"
    assert await rows(store, searchable) == [(0,)]
    await consumer.timer("catch-up")
    assert await rows(store, searchable) == [(1,)]
    assert await rows(store, "SELECT missing_killmails FROM battles") == [(0,)]


async def test_a_battle_without_its_killmails_is_not_indexed_for_ever(consumer: Consumer, store: Database) -> None:
    await consumer.process(battle(1, 1, [1, 2]))
    await consumer.index()
    await consumer.handlers.maintenance.indexer.queue_incomplete()
    assert await rows(store, "SELECT * FROM index_queue") == []


async def test_two_processes_index_at_once(consumer: Consumer, store: Database) -> None:
    other = Consumer(store)
    for number in range(1, 30):
        await consumer.process(killmail(number, (number, 1), [(100 + number, 2)]), battle(number, 1, [number]))
    await asyncio.gather(*(one.index() for one in (consumer, other, consumer, other)))
    await other.close()
    counts = await rows(store, "SELECT battle_count FROM entities WHERE entity_id IN (99000001, 99000002)")
    assert counts == [(29,), (29,)]
    assert await rows(store, "SELECT count(*) FROM battle_documents") == [(29,)]
    assert await rows(store, "SELECT * FROM index_queue") == []


PLANS: list[tuple[LiteralString, dict[str, Any], str]] = [
    (
        RECOUNT,
        count_params([("alliance", 99_000_001)], {}),
        "battle_entities_pkey",
    ),
    (
        SELECT_MEMBERS,
        {"battle_ids": ["00000000-0000-0000-0000-000000000001"], "is_whole": True},
        "battle_killmails_of_battle",
    ),
    (
        SAVE_KILLMAILS,
        {"killmails": "[]", "has_copy": True},
        "battle_killmails_pkey",
    ),
]


async def test_a_killmail_reads_its_own_links_however_many_there_are(store: Database) -> None:
    links = "INSERT INTO battle_killmails SELECT n, gen_random_uuid() FROM generate_series(1, 5000) AS n"
    async with store.transaction() as connection:
        await connection.execute(links)
        await connection.execute("ANALYZE battle_killmails")
        plan = await connection.column(f"EXPLAIN {SAVE_KILLMAILS}", {"killmails": "[]", "has_copy": False})
    assert "Seq Scan on battle_killmails" not in "\n".join(plan)


@pytest.mark.parametrize(("statement", "params", "index"), PLANS)
async def test_statements_read_by_index(
    consumer: Consumer, store: Database, statement: LiteralString, params: dict[str, Any], index: str
) -> None:
    """Of a large table a sequential scan is refused here, so that a statement without its index shows one."""
    for number in range(1, 50):
        await consumer.process(killmail(number, (number, 1), [(100 + number, 2)]), battle(number, 1, [number]))
    await consumer.index()
    async with store.transaction() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL enable_hashjoin = off")
        await connection.execute("SET LOCAL enable_mergejoin = off")
        plan = await connection.column(f"EXPLAIN {statement}", params)
    text = "\n".join(plan)
    assert index in text
    assert "Seq Scan on battle_" not in text
