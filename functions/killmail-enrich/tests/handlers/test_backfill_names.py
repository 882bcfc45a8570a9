"""Names of backfilled killmails: fetched a slice at a time, published with the killmails, within a time budget."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from aiohttp import web
from price_vectors import no_prices, wanted_days
from published_killmails import lines_of

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_events.messages import Event
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.cooldown import CooldownState
from battlescope_events.upstream.esi import Esi
from battlescope_events.upstream.http import external_http
from battlescope_events.valkey.connection import Valkey
from battlescope_local.testing.upstreams import MemoryCooldowns, instant_client
from battlescope_schemas.archive import make_bundle
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.handlers import killmail as killmail_handler
from killmail_enrich.handlers.killmail import Delivery, KillmailHandler
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.names.esi_client import POLICY, EsiClient
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.repository import NameRepository
from killmail_enrich.names.request_batcher import RequestBatcher
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.names.service import NameService
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import KillmailRepository
from killmail_enrich.static_data.repository import StaticData

pytestmark = [pytest.mark.stores, pytest.mark.postgres, pytest.mark.usefixtures("static_data")]
Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAY = date(2026, 11, 1)
VICTIM, FIRST_PILOT, CORPORATION = 90000000, 90000001, 98000001


class FakeEsi:
    """Knows every id except `unknown_ids`; may fail or respond late."""

    def __init__(self) -> None:
        self.requests: list[list[int]] = []
        self.unknown_ids: set[int] = set()
        self.status = 200
        self.late_ids = range(0)  # a request with one of these waits for `may_respond`
        self.may_respond, self.has_request = asyncio.Event(), asyncio.Event()

    async def respond(self, request: web.Request) -> web.StreamResponse:
        ids = await request.json()
        self.requests.append(ids)
        self.has_request.set()
        if any(i in self.late_ids for i in ids):
            await self.may_respond.wait()
        if self.status == 200 and self.unknown_ids & set(ids):
            return web.json_response({"error": "no"}, status=404)
        names = [{"id": i, "category": "character", "name": f"Pilot {i}"} for i in ids]
        return web.json_response(names, status=self.status)


class Consumer:
    """The handler of backfilled killmails on real stores."""

    def __init__(self, archive: Archive, store: Database, cache: NameCache, esi: EsiClient) -> None:
        self.archive, self.store, self.publisher, self.batch_count = archive, store, RecordingPublisher(), 0
        names, static_data, repository = (
            NameRepository(store, Outbox(store, "killmails")),
            StaticData(store, lambda: 0.0),
            KillmailRepository(store),
        )
        self.name_service = NameService(esi, names, cache, Outbox(store, "killmails"), self.publisher, NOW.timestamp)
        self.batcher = RequestBatcher(self.name_service.fetch_low_priority, budget_seconds=60, max_requests=2)
        resolver = NameResolver((cache.find, names.find), self.batcher, NOW.timestamp)
        self.enriched = RecordingPublisher()
        delivery = Delivery(resolver, self.enriched)
        self.handler = KillmailHandler(
            archive, static_data, Valuer(no_prices, wanted_days), repository, delivery, delivery, lambda: NOW
        )

    async def handle(self, fleets: Iterable[Sequence[int]]) -> list[EnrichedKillmail]:
        """Handle a batch with one killmail per fleet of attackers; returns the enriched killmails as published."""
        self.batch_count += 1
        killmails = [killmail(1000 * self.batch_count + number, fleet) for number, fleet in enumerate(fleets)]
        bundle = make_bundle(DAY, [raw for _, raw in killmails])
        await self.archive.put_once(bundle.object_key, bundle.body)
        lines = [reference(i, str(key)) for (i, _), key in zip(killmails, bundle.keys, strict=True)]
        body = gzip.compress("\n".join(lines).encode())
        claim_check = KillmailChunk(chunk_key=f"chunks/names/{uuid4().hex}.jsonl.gz", count=len(lines), date=DAY)
        await self.archive.put_once(claim_check.chunk_key, body)
        await self.handler.handle(Event(KILLMAIL_INGESTED, "e", "tests", claim_check, {}))
        lines = await lines_of(self.enriched.messages[-1].body, self.archive)
        return list(map(EnrichedKillmail.model_validate_json, lines))

    async def rows(self, query: str) -> list[Any]:
        async with self.store.connection() as connection:
            return await (await connection.execute(query)).fetchall()

    async def pending_ids(self) -> list[int]:
        return [row[0] for row in await self.rows("SELECT DISTINCT entity_id FROM wanted_names ORDER BY 1")]


def killmail(killmail_id: int, fleet: Sequence[int]) -> tuple[int, bytes]:
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


def attacker_names(killmails: Iterable[EnrichedKillmail]) -> list[str | None]:
    return [attacker.character_name for killmail in killmails for attacker in killmail.attackers]


@pytest.fixture
def fake_esi() -> FakeEsi:
    return FakeEsi()


@pytest.fixture
def cooldowns() -> MemoryCooldowns:
    return MemoryCooldowns()


@pytest.fixture
async def cache(valkey: str) -> AsyncIterator[NameCache]:
    connection = Valkey(valkey, lambda: 0.0)
    await connection.connect()
    yield NameCache(connection)
    await connection.close()


@pytest.fixture
async def consumer(
    archive: Archive,
    store: Database,
    cache: NameCache,
    serve: Start,
    fake_esi: FakeEsi,
    cooldowns: MemoryCooldowns,
) -> AsyncIterator[Consumer]:
    async with external_http("tests") as client:
        upstream = instant_client(
            "esi", client, cooldowns=cooldowns, policy=POLICY, now=lambda: NOW, breaker=CircuitBreaker()
        )
        esi = EsiClient(Esi(upstream, await serve(fake_esi.respond)), NOW.timestamp)
        consumer = Consumer(archive, store, cache, esi)
        yield consumer
        fake_esi.may_respond.set()
        await consumer.batcher.close()


async def test_backfilled_killmails_carry_their_names_and_none_is_pending(
    consumer: Consumer, fake_esi: FakeEsi
) -> None:
    killmails = await consumer.handle([pilots(900), pilots(900, 600)])
    assert attacker_names(killmails) == [f"Pilot {i}" for i in (*pilots(900), *pilots(900, 600))]
    assert killmails[0].victim.character_name == f"Pilot {VICTIM}"
    assert [len(ids) for ids in fake_esi.requests] == [1000, 502]
    assert await consumer.pending_ids() == []
    assert await consumer.rows("SELECT count(*) FROM outbox_messages") == [(0,)]
    assert await consumer.rows("SELECT count(*) FROM entity_names") == [(1502,)]
    stored = "SELECT attacker_data -> 0 ->> 'characterName' FROM enriched_killmails ORDER BY killmail_id"
    assert await consumer.rows(stored) == [(f"Pilot {FIRST_PILOT}",), (f"Pilot {FIRST_PILOT + 600}",)]


async def test_each_slice_requests_only_unresolved_ids(
    consumer: Consumer, fake_esi: FakeEsi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(killmail_handler, "SLICE_SIZE", 1)
    await consumer.handle([pilots(5), pilots(5, 3), pilots(4)])
    assert [len(ids) for ids in fake_esi.requests] == [7, 3]
    assert fake_esi.requests[1] == list(pilots(3, 5))


async def test_thousands_of_names_are_left_to_the_database(consumer: Consumer, valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        client.config_resetstat()
        killmails = await consumer.handle([pilots(500, 500 * number) for number in range(6)])
        stats = client.info("commandstats")
    assert not {"cmdstat_mget", "cmdstat_set"} & stats.keys()
    assert None not in attacker_names(killmails)
    assert await consumer.pending_ids() == []


@pytest.mark.parametrize("status", [503, 420, 403])
async def test_backfill_continues_while_esi_returns_no_names(
    consumer: Consumer, fake_esi: FakeEsi, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(killmail_handler, "SLICE_SIZE", 1)
    fake_esi.status = status
    killmails = await consumer.handle([pilots(1200), *(pilots(1, 2000 + number) for number in range(8))])
    assert set(attacker_names(killmails)) == {None}
    assert len(await consumer.pending_ids()) == 1200 + 8 + 2
    assert len(fake_esi.requests) <= 6  # until the circuit breaker opens, or one where ESI demands a cooldown


async def test_cooldown_of_another_process_applies_to_backfill(
    consumer: Consumer, fake_esi: FakeEsi, cooldowns: MemoryCooldowns
) -> None:
    cooldowns.states["esi"] = CooldownState(NOW + timedelta(seconds=60))
    assert attacker_names(await consumer.handle([pilots(2)])) == [None, None]
    assert fake_esi.requests == []


async def test_unknown_id_does_not_affect_other_names_and_is_not_requested_again(
    consumer: Consumer, fake_esi: FakeEsi
) -> None:
    unknown_id = FIRST_PILOT + 77
    fake_esi.unknown_ids = {unknown_id}
    killmails = await consumer.handle([pilots(900)])
    assert attacker_names(killmails) == [None if i == unknown_id else f"Pilot {i}" for i in pilots(900)]
    assert await consumer.pending_ids() == [unknown_id]
    request_count = len(fake_esi.requests)
    await consumer.handle([pilots(900)])
    assert len(fake_esi.requests) == request_count


async def test_live_killmails_do_not_wait_for_requests_of_backfill(consumer: Consumer, fake_esi: FakeEsi) -> None:
    fake_esi.late_ids = pilots(3)
    backfill = asyncio.create_task(consumer.handle([pilots(3)]))
    await fake_esi.has_request.wait()
    assert set(await RequestBatcher(consumer.name_service.fetch, budget_seconds=60)([VICTIM + 50])) == {VICTIM + 50}
    assert not backfill.done()
    fake_esi.may_respond.set()
    await backfill


async def test_late_names_are_filled_in_by_the_timer_without_another_request(
    consumer: Consumer, fake_esi: FakeEsi
) -> None:
    fake_esi.late_ids = range(2**31)
    consumer.batcher._budget_seconds = 0.1
    for number in range(4):  # the first two wait a tenth of a second each, the others not at all
        assert set(attacker_names(await consumer.handle([pilots(3, 3 * number)]))) == {None}
    async with asyncio.timeout(60):
        while len(fake_esi.requests) < 2:
            await asyncio.sleep(0.01)
    assert len(fake_esi.requests) == 2
    fake_esi.may_respond.set()
    await consumer.batcher.close()
    requested = {i for ids in fake_esi.requests for i in ids}
    assert len(await consumer.pending_ids()) == 14  # low-priority fetches do not fill in rows
    fake_esi.status = 503
    await consumer.name_service.resolve_pending()
    assert {*await consumer.pending_ids()} == {*pilots(14)[:12], VICTIM, CORPORATION} - requested
    published = {json.loads(message.body)["entityId"] for message in consumer.publisher.messages}
    assert published == {str(i) for i in requested}
