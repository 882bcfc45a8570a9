"""A rebuild mends whatever differs from killmails, battles and names, and answers are never empty meanwhile."""

from typing import Any
from uuid import uuid4

import pytest
from search_builders import Consumer, battle, killmail, rows, state

from battlescope_events.errors import PermanentError
from battlescope_events.postgres.database import Database
from battlescope_schemas.search.requests import ReindexRequested

pytestmark = pytest.mark.postgres
PAYLOADS: list[Any] = [
    *(killmail(number, (number, 1 + number % 3), [(11, 2)], minute=number) for number in range(1, 8)),
    battle(1, 1, [1, 2, 3]),
    battle(2, 1, [4, 5]),
    battle(3, 1, [6, 7]),
    battle(3, 2, None),
]
JOBS = "SELECT status, documents_total, documents_processed, requested_by FROM reindex_jobs ORDER BY created_at"


@pytest.fixture
async def indexed(consumer: Consumer) -> Consumer:
    await consumer.process(*PAYLOADS)
    await consumer.index()
    return consumer


async def test_a_rebuild_of_what_is_right_writes_nothing(indexed: Consumer, store: Database) -> None:
    before = await state(store)
    versions = "SELECT xmin::text FROM battle_documents UNION ALL SELECT xmin::text FROM entities"
    written = await rows(store, versions)
    await indexed.timer("rebuild")
    await indexed.run_requested_parts()
    assert await state(store) == before
    assert await rows(store, versions) == written
    (job,) = await rows(store, JOBS)
    assert (job[0], job[3]) == ("completed", "daily rebuild")
    assert job[1] == job[2] == 3 + len(before["entities"])


DAMAGE = [
    "UPDATE battle_documents SET document = '{}', search_vector = ''",
    "DELETE FROM battle_entities",
    "UPDATE entities SET battle_count = 7, is_searchable = true, last_seen_at = now()",
    "UPDATE battles SET missing_killmails = 5",
    "DELETE FROM battle_documents",
]


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_rebuild_mends_damage(indexed: Consumer, store: Database, damage: str) -> None:
    before = await state(store)
    async with store.connection() as connection:
        await connection.execute(damage)
    await indexed.timer("rebuild")
    await indexed.run_requested_parts()
    assert await state(store) == before


async def test_a_part_is_done_once(indexed: Consumer, store: Database) -> None:
    await indexed.timer("rebuild")
    request = ReindexRequested.model_validate_json(indexed.broker.messages[0].body)
    await indexed.process(request, request)
    assert await rows(store, "SELECT part, documents_processed FROM reindex_jobs") == [(1, 3)]
    await indexed.run_requested_parts()
    assert (await rows(store, JOBS))[0][0] == "completed"


async def test_only_one_rebuild_runs(indexed: Consumer, store: Database) -> None:
    await indexed.timer("rebuild")
    await indexed.timer("rebuild")
    assert len(await rows(store, JOBS)) == 1
    await indexed.run_requested_parts()
    await indexed.timer("rebuild")
    assert len(await rows(store, JOBS)) == 2


async def test_a_cancelled_rebuild_ends(indexed: Consumer, store: Database) -> None:
    await indexed.timer("rebuild")
    async with store.connection() as connection:
        await connection.execute("UPDATE reindex_jobs SET status = 'cancelled'")
    await indexed.run_requested_parts()
    assert await rows(store, "SELECT status, part FROM reindex_jobs") == [("cancelled", 0)]


async def test_a_stalled_rebuild_goes_on(indexed: Consumer, store: Database) -> None:
    await indexed.timer("rebuild")
    indexed.broker.messages.clear()  # the event became a dead letter
    await indexed.timer("catch-up")
    assert indexed.broker.messages == []  # it is not late yet
    async with store.connection() as connection:
        await connection.execute("UPDATE reindex_jobs SET created_at = created_at - interval '1 hour'")
    await indexed.timer("catch-up")
    await indexed.run_requested_parts()
    assert (await rows(store, JOBS))[0][0] == "completed"


async def test_a_part_of_no_job_is_refused(consumer: Consumer) -> None:
    with pytest.raises(PermanentError, match="There is no rebuild"):
        await consumer.process(ReindexRequested(job_id=str(uuid4()), part=0))
