"""Names of history: asked for a slice at a time, told with the mails, and never waited for longer than is bearable."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest
import redis
from aiohttp import web
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_events.publish import Recorder
from battlescope_events.wire import Event
from battlescope_schemas.archive import pack
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich import bulk_handler
from killmail_enrich.archive_client import Archive
from killmail_enrich.batch_client import Collector
from killmail_enrich.bulk_handler import Bulk
from killmail_enrich.bulk_store import BulkStore
from killmail_enrich.esi_client import Esi
from killmail_enrich.handler import Enricher
from killmail_enrich.hot_client import HotCache
from killmail_enrich.name_book import NameBook
from killmail_enrich.name_store import NameStore
from killmail_enrich.names_handler import NameKeeper
from killmail_enrich.static_store import StaticData
from killmail_enrich.store import Store

pytestmark = [pytest.mark.stores, pytest.mark.postgres, pytest.mark.usefixtures("static_data")]
Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAY = date(2026, 11, 1)
VICTIM, FIRST_PILOT, CORPORATION = 90000000, 90000001, 98000001


class Registry:
    """An ESI that knows everybody but `bad`, and may be away or slow."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.bad: set[int] = set()
        self.status = 200
        self.late = range(0)  # questions with one of these wait until
        self.may_answer, self.was_asked = asyncio.Event(), asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        ids = await request.json()
        self.asked.append(ids)
        self.was_asked.set()
        if any(i in self.late for i in ids):
            await self.may_answer.wait()
        if self.status == 200 and self.bad & set(ids):
            return web.json_response({"error": "no"}, status=404)
        names = [{"id": i, "category": "character", "name": f"Pilot {i}"} for i in ids]
        return web.json_response(names, status=self.status)


class Machine:
    """History's way through the function, with real stores around it."""

    def __init__(self, archive: Archive, pool: AsyncConnectionPool, hot: HotCache, esi: Esi) -> None:
        self.archive, self.pool, self.said, self.chunks = archive, pool, Recorder(), 0
        names, static = NameStore(pool), StaticData(pool, lambda: 0.0)
        self.keeper = NameKeeper(esi, names, hot, self.said, NOW.timestamp)
        self.history = Collector(self.keeper.learn, budget=2.0, most_questions=2)
        book = NameBook((hot.known, names.known), self.history, NOW.timestamp)
        bulk = Bulk(archive, static, book, BulkStore(pool), Recorder(), lambda: NOW)
        self.enricher = Enricher(archive, static, book, Store(pool), Recorder(), bulk, lambda: NOW)

    async def hear(self, fleets: Iterable[Sequence[int]]) -> list[EnrichedKillmail]:
        """A chunk of one mail a fleet of attackers; gives the enriched mails as they are told."""
        self.chunks += 1
        mails = [mail(1000 * self.chunks + number, fleet) for number, fleet in enumerate(fleets)]
        packed = pack(DAY, [raw for _, raw in mails])
        await self.archive.put_once(packed.object_key, packed.body)
        lines = [reference(i, str(key)) for (i, _), key in zip(mails, packed.keys, strict=True)]
        body = gzip.compress("\n".join(lines).encode())
        chunk = KillmailChunk(chunk_key=f"chunks/names/{hash(body)}.jsonl.gz", count=len(lines), date=DAY)
        await self.archive.put_once(chunk.chunk_key, body)
        await self.enricher.hear(Event(KILLMAIL_INGESTED, "e", "tests", chunk, {}))
        told = await self.archive.chunk(f"chunks/enriched/{chunk.chunk_key.removeprefix('chunks/')}")
        return [EnrichedKillmail.model_validate_json(line) for line in gzip.decompress(told).splitlines()]

    async def rows(self, query: str) -> list[Any]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()

    async def wanted(self) -> list[int]:
        return [row[0] for row in await self.rows("SELECT DISTINCT entity_id FROM wanted_names ORDER BY 1")]


def mail(killmail_id: int, fleet: Sequence[int]) -> tuple[int, bytes]:
    body = {
        "killmail_id": killmail_id,
        "killmail_time": "2026-11-01T20:00:00Z",
        "solar_system_id": 30000001,
        "victim": {"ship_type_id": 587, "character_id": VICTIM, "damage_taken": 1},
        "attackers": [{"character_id": pilot, "corporation_id": CORPORATION} for pilot in fleet],
    }
    return killmail_id, json.dumps(body).encode()


def reference(killmail_id: int, archive_key: str) -> str:
    return KillmailReference(
        killmail_id=killmail_id,
        zkb_hash="a" * 40,
        killmail_time=NOW,
        system_id=30000001,
        zkb_url="https://zkillboard.com/kill/1/",
        source="historical",
        archive_key=archive_key,
    ).model_dump_json(by_alias=True, exclude_none=True)


def pilots(count: int, first: int = 0) -> range:
    return range(FIRST_PILOT + first, FIRST_PILOT + first + count)


def names_of(mails: Iterable[EnrichedKillmail]) -> list[str | None]:
    return [attacker.character_name for mail in mails for attacker in mail.attackers]


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
async def hot(valkey: str) -> AsyncIterator[HotCache]:
    cache = HotCache(valkey, lambda: 0.0)
    await cache.connect()
    yield cache
    await cache.close()


@pytest.fixture
async def machine(
    archive: Archive, pool: AsyncConnectionPool, hot: HotCache, serve: Start, registry: Registry
) -> AsyncIterator[Machine]:
    async with httpx2.AsyncClient() as client:
        url = await serve(registry.answer)
        esi = Esi(client, url, pause=hot.pause, paused=hot.paused, now=NOW.timestamp, jitter=lambda: 0.0)
        machine = Machine(archive, pool, hot, esi)
        yield machine
        registry.may_answer.set()
        await machine.history.close()


async def test_mails_of_history_carry_their_names_and_nobody_waits_for_one(
    machine: Machine, registry: Registry
) -> None:
    told = await machine.hear([pilots(900), pilots(900, 600)])
    assert names_of(told) == [f"Pilot {i}" for i in (*pilots(900), *pilots(900, 600))]
    assert told[0].victim.character_name == f"Pilot {VICTIM}"
    assert [len(ids) for ids in registry.asked] == [1000, 502]
    assert await machine.wanted() == []
    assert await machine.rows("SELECT count(*) FROM outbox") == [(0,)]
    assert await machine.rows("SELECT count(*) FROM entity_names") == [(1502,)]
    stored = "SELECT attacker_data -> 0 ->> 'characterName' FROM enriched_killmails ORDER BY killmail_id"
    assert await machine.rows(stored) == [(f"Pilot {FIRST_PILOT}",), (f"Pilot {FIRST_PILOT + 600}",)]


async def test_the_next_slice_asks_only_for_whom_it_names_first(
    machine: Machine, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_handler, "SLICE", 1)
    await machine.hear([pilots(5), pilots(5, 3), pilots(4)])
    assert [len(ids) for ids in registry.asked] == [7, 3]
    assert registry.asked[1] == list(pilots(3, 5))


async def test_thousands_of_names_are_looked_for_by_one_question_a_shelf(machine: Machine, valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        client.config_resetstat()
        await machine.hear([pilots(500, 500 * number) for number in range(6)])
        stats = client.info("commandstats")
    assert stats["cmdstat_mget"]["calls"] == 1
    assert await machine.wanted() == []


@pytest.mark.parametrize("status", [503, 420, 403])
async def test_history_goes_on_without_an_esi_that_gives_no_names(
    machine: Machine, registry: Registry, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(bulk_handler, "SLICE", 1)
    registry.status = status
    told = await machine.hear([pilots(1200), *(pilots(1, 2000 + number) for number in range(8))])
    assert set(names_of(told)) == {None}
    assert len(await machine.wanted()) == 1200 + 8 + 2
    assert len(registry.asked) <= 6  # until the circuit opens, or once where it says to leave it alone


async def test_a_pause_another_process_was_told_of_counts_for_history(
    machine: Machine, registry: Registry, hot: HotCache
) -> None:
    await hot.pause(60)
    assert names_of(await machine.hear([pilots(2)])) == [None, None]
    assert registry.asked == []


async def test_an_id_that_nobody_has_costs_the_others_nothing_and_is_not_asked_again(
    machine: Machine, registry: Registry
) -> None:
    nobody = FIRST_PILOT + 77
    registry.bad = {nobody}
    told = await machine.hear([pilots(900)])
    assert names_of(told) == [None if i == nobody else f"Pilot {i}" for i in pilots(900)]
    assert await machine.wanted() == []
    asked = len(registry.asked)
    await machine.hear([pilots(900)])
    assert len(registry.asked) == asked


async def test_live_mails_do_not_wait_for_the_questions_of_history(machine: Machine, registry: Registry) -> None:
    registry.late = pilots(3)
    history = asyncio.create_task(machine.hear([pilots(3)]))
    await registry.was_asked.wait()
    assert set(await Collector(machine.keeper.ask)([VICTIM + 50])) == {VICTIM + 50}
    assert not history.done()
    await history


async def test_late_names_are_not_waited_for_and_the_timer_fills_them_in_without_asking(
    machine: Machine, registry: Registry
) -> None:
    registry.late = range(2**31)
    for number in range(4):  # the first two wait for the whole budget, the others not at all
        assert set(names_of(await machine.hear([pilots(3, 3 * number)]))) == {None}
    assert len(registry.asked) == 2
    registry.may_answer.set()
    await machine.history.close()
    asked = {i for ids in registry.asked for i in ids}
    assert len(await machine.wanted()) == 14  # a slice's rows are not history's to fill in
    registry.status = 503
    await machine.keeper.resolve_wanted()
    assert {*await machine.wanted()} == {*pilots(14)[:12], VICTIM, CORPORATION} - asked
    said = {json.loads(message.body)["entityId"] for message in machine.said.messages}
    assert said == {str(i) for i in asked}
