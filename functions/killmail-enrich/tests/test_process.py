"""The whole function as a process: it enriches and publishes killmails, resolves names later and stores battles."""

import asyncio
import gzip
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from aiohttp import web

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLES_CHANGED, KILLMAIL_INGESTED, TIMER
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import EventType, Message
from battlescope_local.testing.buckets import Bucket
from battlescope_schemas.archive import make_bundle
from battlescope_schemas.battle import (
    BattleChunk,
    BattleCreated,
    BattleDeleted,
    BattleMetadata,
    BattleStatus,
    DeletionReason,
)
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from battlescope_schemas.universe import SecurityType
from killmail_enrich.persistence.archive import Archive

pytestmark = [pytest.mark.stores, pytest.mark.postgres]
Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
HASH = "a" * 40
TIME = datetime(2026, 11, 1, 20, tzinfo=UTC)
NAMES = {98000001: ("corporation", "Vera's Own"), 99000001: ("alliance", "All of Us")}


def raw_killmail(killmail_id: int, attackers: int = 1) -> bytes:
    fleet = [
        {"character_id": 90000002 + i, "corporation_id": 98000001, "alliance_id": 99000001, "final_blow": i == 0}
        for i in range(attackers)
    ]
    body = {
        "killmail_id": killmail_id,
        "killmail_time": TIME.isoformat(),
        "solar_system_id": 30000002,
        "victim": {"ship_type_id": 587, "character_id": 90000001, "corporation_id": 98000001, "damage_taken": 5},
        "attackers": fleet,
    }
    return json.dumps({"killmail_id": killmail_id, "esi": body, "zkb": {"totalValue": 1234.565}}).encode()


def reference(killmail_id: int, archive_key: object) -> KillmailReference:
    return KillmailReference(
        killmail_id=killmail_id,
        zkb_hash=HASH,
        killmail_time=TIME,
        system_id=30000002,
        zkb_url=f"https://zkillboard.com/kill/{killmail_id}/",
        archive_key=str(archive_key),
    )


def battle(revision: int, *killmail_ids: int) -> BattleCreated:
    return BattleCreated(
        battle_id="b-1",
        revision=revision,
        total_kills=len(killmail_ids),
        total_isk_destroyed=1,
        participant_count=2,
        system_id=30000002,
        system_name="System 2",
        region_id=10000001,
        region_name="Derelik",
        security_type=SecurityType.HIGHSEC,
        start_time=TIME,
        end_time=TIME,
        status=BattleStatus.OPEN,
        killmail_ids=killmail_ids,
        sides=(),
        zkill_related_url="https://zkillboard.com/related/1/1/",
        metadata=BattleMetadata(clustering_algorithm="tests"),
    )


class Environment:
    """The Broker and ESI of the function: records published events, and fails on demand."""

    def __init__(self) -> None:
        self.published: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.price_requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.broker_status = 202
        self.esi_status = 200
        self.tickers: dict[str, str] = {}
        self.address = ""

    async def respond(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            ticker = self.tickers.get(request.path)
            return web.json_response({"ticker": ticker}) if ticker else web.json_response({}, status=404)
        body = await request.json()
        if request.path.startswith("/battlescope/"):
            if self.broker_status == 202:
                is_price_request = request.headers["ce-type"] == "com.battlescope.prices.requested.v1"
                published = self.price_requests if is_price_request else self.published
                published.append(({**request.headers, "broker": request.path.rpartition("/")[2]}, body))
            return web.Response(status=self.broker_status)
        entities = [{"id": i, "category": NAMES.get(i, ("character",))[0]} for i in body]
        entries = [{**entry, "name": NAMES.get(entry["id"], ("", f"Pilot {entry['id']}"))[1]} for entry in entities]
        return web.json_response(entries, status=self.esi_status)

    async def post(self, event_type: EventType[Any], data: Any, key: str) -> httpx2.Response:
        return await self.send(event_type.message(data, source="tests", key=key, time=TIME))

    async def send_timer_event(self, task: str, key: str) -> httpx2.Response:
        message = TIMER.message({}, source="tests", key=key, time=TIME)
        headers = {name: value for name, value in message.headers.items() if name != "content-type"}
        return await self.send(Message({**headers, "ce-task": task}, b""))  # a PingSource without data sends no body

    async def send(self, message: Message) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=30) as client:
            return await client.post(self.address, headers=dict(message.headers), content=message.body)


@pytest.fixture
def stores(static_data: str, valkey: str, archive_bucket: Bucket, tmp_path: Path) -> dict[str, str]:
    """The variables of the stores, as the manifests' secrets set them."""
    return {
        **archive_bucket.environment(),
        "DATABASE_URL": static_data,
        "REDIS_URL": valkey,
        "SDE_URL": (tmp_path / "export.zip").as_uri(),
        "MARKET_HISTORY_URL": "http://127.0.0.1:9",
    }


@pytest.fixture
async def environment(serve: Start, stores: dict[str, str], port: int) -> AsyncIterator[Environment]:
    environment = Environment()
    url = await serve(environment.respond)
    own = {"K_SINK": f"{url}/battlescope/killmails", "ESI_URL": url, "USER_AGENT": "tests", "TICKER_MAX_RATE": "1000"}
    variables = stores | own
    command = ("-m", "uvicorn", "killmail_enrich.main:app", "--port", str(port), "--no-access-log")
    no_output = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=os.environ | variables, stdout=no_output
    )
    environment.address = f"http://127.0.0.1:{port}/"
    await until_ready(f"{environment.address}health/readiness", process)
    yield environment
    process.terminate()
    assert await process.wait() in {0, -signal.SIGTERM}  # uvicorn ends by the signal it was sent


async def until_ready(address: str, process: asyncio.subprocess.Process) -> None:
    async with httpx2.AsyncClient() as client:
        for _ in range(2400):
            assert process.returncode is None
            try:
                if (await client.get(address)).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.025)
    pytest.fail("The function does not become ready.")


async def archived(archive: Archive, *raw_killmails: bytes) -> list[str]:
    """The archive keys of the killmails, stored as one bundle."""
    bundle = make_bundle(date(2026, 11, 1), raw_killmails)
    await archive.put_once(bundle.object_key, bundle.body)
    return [str(key) for key in bundle.keys]


def fetch_rows(database: str, query: str) -> list[Any]:
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.usefixtures("store")
async def test_function_processes_every_kind_of_event(
    environment: Environment, archive: Archive, static_data: str
) -> None:
    await killmail_is_enriched_stored_and_published(environment, archive, static_data)
    await tickers_are_fetched_by_the_timer(environment, static_data)
    await failing_broker_leads_to_redelivery(environment, archive)
    await wrong_archive_key_is_rejected(environment, archive)
    await missing_names_are_filled_in_by_the_timer(environment, archive, static_data)
    await large_killmail_is_published_as_claim_check(environment, archive)
    await batch_of_references_becomes_batch_of_killmails(environment, archive, static_data)
    await battle_is_stored_with_its_killmails(environment, static_data)
    await batch_of_battles_is_stored(environment, archive, static_data)
    assert (await environment.send_timer_event("static-data", "daily")).status_code == 204
    assert (await environment.send_timer_event("coffee", "no such task")).status_code == 422


async def killmail_is_enriched_stored_and_published(environment: Environment, archive: Archive, database: str) -> None:
    (key,) = await archived(archive, raw_killmail(1))
    for _ in range(2):  # the second is acknowledged without being processed again
        response = await environment.post(KILLMAIL_INGESTED, reference(1, key), "1")
        assert (response.status_code, response.content) == (204, b"")
    ((headers, body),) = environment.published
    assert (headers["ce-type"], headers["ce-source"]) == ("com.battlescope.killmail.enriched.v1", "killmail-enrich")
    assert headers["broker"] == "killmails"
    assert [body["date"] for _, body in environment.price_requests] == ["2026-11-01"]
    killmail = EnrichedKillmail.model_validate(body)
    assert (killmail.system_name, killmail.security_type, killmail.nearby_system_ids[0]) == (
        "System 2",
        "highsec",
        30000001,
    )
    assert (killmail.victim.character_name, killmail.victim.corporation_name) == ("Pilot 90000001", "Vera's Own")
    assert (killmail.victim.ship_type_name, killmail.attackers[0].alliance_name) == ("Rifter", "All of Us")
    assert (str(killmail.zkb_total_value), killmail.solo, killmail.awox, killmail.npc) == ("1234.57", True, True, False)
    assert fetch_rows(database, "SELECT killmail_id, victim_corp_name FROM enriched_killmails") == [(1, "Vera's Own")]


async def failing_broker_leads_to_redelivery(environment: Environment, archive: Archive) -> None:
    (key,) = await archived(archive, raw_killmail(2))
    environment.broker_status = 503
    response = await environment.post(KILLMAIL_INGESTED, reference(2, key), "2")
    assert response.status_code == 503
    environment.broker_status = 202
    assert (await environment.post(KILLMAIL_INGESTED, reference(2, key), "2")).status_code == 204
    assert environment.published[-1][1]["killmailId"] == "2"


async def wrong_archive_key_is_rejected(environment: Environment, archive: Archive) -> None:
    (key,) = await archived(archive, raw_killmail(3))
    response = await environment.post(KILLMAIL_INGESTED, reference(4, key), "3")
    assert (response.status_code, "holds killmail 3, not 4" in response.headers["kne-reason"]) == (422, True)
    assert (await environment.post(KILLMAIL_INGESTED, reference(4, "nowhere"), "4")).status_code == 422


async def missing_names_are_filled_in_by_the_timer(environment: Environment, archive: Archive, database: str) -> None:
    environment.esi_status = 403
    (key,) = await archived(archive, raw_killmail(5, attackers=3))
    assert (await environment.post(KILLMAIL_INGESTED, reference(5, key), "5")).status_code == 204
    attackers = EnrichedKillmail.model_validate(environment.published[-1][1]).attackers
    assert [attacker.character_name for attacker in attackers] == ["Pilot 90000002", None, None]
    assert fetch_rows(database, "SELECT count(*) FROM wanted_names WHERE killmail_id = 5") == [(2,)]
    environment.esi_status = 200
    with psycopg.connect(
        database
    ) as connection:  # as if another process had resolved them: 403 started a cooldown here
        connection.execute(
            "INSERT INTO entity_names SELECT entity_id, 'character', 'Late ' || entity_id, now() FROM wanted_names"
        )
    assert (await environment.send_timer_event("names", "first minute")).status_code == 204
    published = [
        body for headers, body in environment.published if headers["ce-type"] == "com.battlescope.entity.updated.v1"
    ]
    assert [body["entityName"] for body in published] == ["Late 90000003", "Late 90000004"]
    stored = fetch_rows(
        database, "SELECT attacker_data->2->>'characterName' FROM enriched_killmails WHERE killmail_id = 5"
    )
    assert stored == [("Late 90000004",)]


async def tickers_are_fetched_by_the_timer(environment: Environment, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE entity_names SET ticker_due_at = now() + interval '1 day'")
        connection.execute(
            "INSERT INTO entity_names (entity_id, entity_type, entity_name, fetched_at)"
            " VALUES (99000077, 'alliance', 'Late Pact', now())"
        )
    environment.tickers["/alliances/99000077"] = "LATE"
    assert (await environment.send_timer_event("tickers", "tickers")).status_code == 204
    # A run that began with the first killmail may ask for it instead, and nobody awaits that one.
    while not environment.published[1:]:
        await asyncio.sleep(0.01)
    assert fetch_rows(database, "SELECT ticker FROM entity_names WHERE entity_id = 99000077") == [("LATE",)]
    headers, body = environment.published.pop()
    assert headers["ce-subject"] == "alliance:99000077"
    assert (body["entityName"], body["ticker"]) == ("Late Pact", "LATE")


async def large_killmail_is_published_as_claim_check(environment: Environment, archive: Archive) -> None:
    (key,) = await archived(archive, raw_killmail(6, attackers=8000))
    assert (await environment.post(KILLMAIL_INGESTED, reference(6, key), "6")).status_code == 204
    claim_check = KillmailChunk.model_validate(environment.published[-1][1])
    assert claim_check == KillmailChunk(chunk_key="chunks/enriched/6.jsonl.gz", count=1, date=date(2026, 11, 1))
    killmail = EnrichedKillmail.model_validate_json(gzip.decompress(await archive.batch(claim_check.chunk_key)))
    assert killmail.attacker_count == 8000


async def batch_of_references_becomes_batch_of_killmails(
    environment: Environment, archive: Archive, database: str
) -> None:
    keys = await archived(archive, *(raw_killmail(i) for i in range(100, 220)))
    references = [reference(i, key) for i, key in zip(range(100, 220), keys, strict=True)]
    references.append(reference(999, keys[0]))
    lines = "\n".join(reference_.model_dump_json(by_alias=True) for reference_ in references)
    await archive.put_once("chunks/day.jsonl.gz", gzip.compress(lines.encode()))
    claim_check = KillmailChunk(chunk_key="chunks/day.jsonl.gz", count=121, date=date(2026, 11, 1), job_id="j")
    for _ in range(
        2
    ):  # rejected for one invalid reference, so it may be replayed: it changes nothing and publishes the same event
        response = await environment.post(KILLMAIL_INGESTED, claim_check, "batch")
        assert (response.status_code, response.headers["kne-reason"][:9]) == (422, "1 of 121 ")
    (first, _), (headers, body) = environment.published[-2:]
    assert (headers["broker"], headers["ce-id"]) == ("backfill", first["ce-id"])
    enriched = KillmailChunk.model_validate(body)
    assert re.fullmatch(r"chunks/enriched/day-[0-9a-f]{16}\.jsonl\.gz", enriched.chunk_key), "one was rejected"
    assert (enriched.count, enriched.job_id) == (120, "j")
    lines = gzip.decompress(enriched.content or await archive.batch(enriched.chunk_key)).splitlines()
    assert [EnrichedKillmail.model_validate_json(line).killmail_id for line in lines] == list(range(100, 220))
    stored = "SELECT count(*), max(version) FROM enriched_killmails WHERE killmail_id BETWEEN 100 AND 220"
    assert fetch_rows(database, stored) == [(120, 1)]


async def battle_is_stored_with_its_killmails(environment: Environment, database: str) -> None:
    for data, key in ((battle(2, 1, 5), "new"), (battle(1, 1, 2), "old")):
        assert (await environment.post(BATTLE_CREATED, data, key)).status_code == 204
    assert fetch_rows(database, "SELECT killmail_id FROM battle_killmails ORDER BY 1") == [(1,), (5,)]
    deleted = BattleDeleted(battle_id="b-1", revision=3, reason=DeletionReason.MANUAL)
    assert (await environment.post(BATTLE_DELETED, deleted, "gone")).status_code == 204
    assert fetch_rows(database, "SELECT killmail_id FROM battle_killmails") == []


async def batch_of_battles_is_stored(environment: Environment, archive: Archive, database: str) -> None:
    messages = [BATTLE_CREATED.message(battle(r, 1, 5, r), source="t", key=f"{r}", time=TIME) for r in (8, 9, 7)]
    await archive.put_once("chunks/battles/some.jsonl.gz", encode_batch(messages)[1])
    claim_check = BattleChunk(chunk_key="chunks/battles/some.jsonl.gz", count=3)
    assert (await environment.post(BATTLES_CHANGED, claim_check, "many")).status_code == 204
    assert fetch_rows(database, "SELECT killmail_id FROM battle_killmails ORDER BY 1") == [(1,), (5,), (9,)]
    absent = BattleChunk(chunk_key="chunks/battles/absent.jsonl.gz", count=3)
    assert (await environment.post(BATTLES_CHANGED, absent, "none")).status_code == 422
