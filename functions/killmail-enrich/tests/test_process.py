"""The whole function as the process Knative would start: references in, enriched killmails out, names later."""

import asyncio
import gzip
import json
import os
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

from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLES_CHANGED, KILLMAIL_INGESTED, TICK
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import EventType, Message
from battlescope_schemas.archive import pack
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


def raw_mail(killmail_id: int, attackers: int = 1) -> bytes:
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
    return json.dumps({"killmail_id": killmail_id, "hash": HASH, "esi": body, "zkb": {"totalValue": 1234.565}}).encode()


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


class World:
    """What is around the function: what its sink was told, and whether sink and ESI answer."""

    def __init__(self) -> None:
        self.said: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.sink_status = 202
        self.esi_status = 200
        self.address = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if request.path.startswith("/battlescope/"):
            if self.sink_status == 202:
                self.said.append(({**request.headers, "broker": request.path.rpartition("/")[2]}, body))
            return web.Response(status=self.sink_status)
        known = [{"id": i, "category": NAMES.get(i, ("character",))[0]} for i in body]
        entries = [{**entry, "name": NAMES.get(entry["id"], ("", f"Pilot {entry['id']}"))[1]} for entry in known]
        return web.json_response(entries, status=self.esi_status)

    async def post(self, kind: EventType[Any], data: Any, key: str) -> httpx2.Response:
        return await self.send(kind.message(data, source="tests", key=key, time=TIME))

    async def tick(self, task: str, key: str) -> httpx2.Response:
        tick = TICK.message({}, source="tests", key=key, time=TIME)
        empty = {name: value for name, value in tick.headers.items() if name != "content-type"}
        return await self.send(Message({**empty, "ce-task": task}, b""))  # a PingSource without data sends none

    async def send(self, message: Message) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=30) as client:
            return await client.post(self.address, headers=dict(message.headers), content=message.body)


@pytest.fixture
def stores(static_data: str, valkey: str, s3_server: str, tmp_path: Path) -> dict[str, str]:
    """What the manifests' secrets say about the stores."""
    return {
        "DATABASE_URL": static_data,
        "S3_ENDPOINT_URL": s3_server,
        "S3_REGION": "us-east-1",
        "S3_BUCKET": "archive",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "testsecret",
        "REDIS_URL": valkey,
        "SDE_URL": (tmp_path / "export.zip").as_uri(),
    }


@pytest.fixture
async def world(serve: Start, stores: dict[str, str], port: int) -> AsyncIterator[World]:
    world = World()
    outside = await serve(world.answer)
    environment = stores | {"K_SINK": f"{outside}/battlescope/killmails", "ESI_URL": outside, "USER_AGENT": "tests"}
    command = ("-m", "uvicorn", "killmail_enrich.main:app", "--port", str(port), "--no-access-log")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(sys.executable, *command, env=os.environ | environment, stdout=quiet)
    world.address = f"http://127.0.0.1:{port}/"
    await until_ready(f"{world.address}health/readiness", process)
    yield world
    process.terminate()
    assert await process.wait() in {0, -signal.SIGTERM}  # uvicorn ends by the signal it was sent


async def until_ready(address: str, process: asyncio.subprocess.Process) -> None:
    async with httpx2.AsyncClient() as client:
        for _ in range(400):
            assert process.returncode is None
            try:
                if (await client.get(address)).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.025)
    pytest.fail("The function does not become ready.")


async def archived(archive: Archive, *mails: bytes) -> list[str]:
    packed = pack(date(2026, 11, 1), mails)
    await archive.put_once(packed.object_key, packed.body)
    return [str(key) for key in packed.keys]


def column(database: str, query: str) -> list[Any]:
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.usefixtures("pool")
async def test_the_function_at_work(world: World, archive: Archive, static_data: str) -> None:
    await a_mail_is_enriched_stored_and_told(world, archive, static_data)
    await a_sink_that_is_away_makes_the_event_come_again(world, archive)
    await what_lies_elsewhere_is_refused_for_good(world, archive)
    await names_that_esi_does_not_give_are_filled_in_by_the_timer(world, archive, static_data)
    await a_mail_too_large_for_an_event_goes_by_claim_check(world, archive)
    await a_chunk_of_references_becomes_a_chunk_of_mails(world, archive, static_data)
    await a_battle_is_remembered_by_its_mails(world, static_data)
    await many_battles_come_as_a_chunk(world, archive, static_data)
    assert (await world.tick("static-data", "daily")).status_code == 204
    assert (await world.tick("coffee", "no such task")).status_code == 422


async def a_mail_is_enriched_stored_and_told(world: World, archive: Archive, database: str) -> None:
    (key,) = await archived(archive, raw_mail(1))
    for _ in range(2):  # the second is acknowledged without being handled again
        answer = await world.post(KILLMAIL_INGESTED, reference(1, key), "1")
        assert (answer.status_code, answer.content) == (204, b"")
    ((head, body),) = world.said
    assert (head["ce-type"], head["ce-source"]) == ("com.battlescope.killmail.enriched.v1", "killmail-enrich")
    assert head["broker"] == "killmails"
    mail = EnrichedKillmail.model_validate(body)
    assert (mail.system_name, mail.security_type, mail.nearby_system_ids[0]) == ("System 2", "highsec", 30000001)
    assert (mail.victim.character_name, mail.victim.corporation_name) == ("Pilot 90000001", "Vera's Own")
    assert (mail.victim.ship_type_name, mail.attackers[0].alliance_name) == ("Rifter", "All of Us")
    assert (str(mail.zkb_total_value), mail.solo, mail.awox, mail.npc) == ("1234.57", True, True, False)
    assert column(database, "SELECT killmail_id, victim_corp_name FROM enriched_killmails") == [(1, "Vera's Own")]


async def a_sink_that_is_away_makes_the_event_come_again(world: World, archive: Archive) -> None:
    (key,) = await archived(archive, raw_mail(2))
    world.sink_status = 503
    refused = await world.post(KILLMAIL_INGESTED, reference(2, key), "2")
    assert refused.status_code == 503
    world.sink_status = 202
    assert (await world.post(KILLMAIL_INGESTED, reference(2, key), "2")).status_code == 204
    assert world.said[-1][1]["killmailId"] == "2"


async def what_lies_elsewhere_is_refused_for_good(world: World, archive: Archive) -> None:
    (key,) = await archived(archive, raw_mail(3))
    answer = await world.post(KILLMAIL_INGESTED, reference(4, key), "3")
    assert (answer.status_code, "lies killmail 3, not 4" in answer.headers["kne-reason"]) == (422, True)
    assert (await world.post(KILLMAIL_INGESTED, reference(4, "nowhere"), "4")).status_code == 422


async def names_that_esi_does_not_give_are_filled_in_by_the_timer(
    world: World, archive: Archive, database: str
) -> None:
    world.esi_status = 403
    (key,) = await archived(archive, raw_mail(5, attackers=3))
    assert (await world.post(KILLMAIL_INGESTED, reference(5, key), "5")).status_code == 204
    attackers = EnrichedKillmail.model_validate(world.said[-1][1]).attackers
    assert [attacker.character_name for attacker in attackers] == ["Pilot 90000002", None, None]
    assert column(database, "SELECT count(*) FROM wanted_names WHERE killmail_id = 5") == [(2,)]
    world.esi_status = 200
    with psycopg.connect(database) as connection:  # as if the pause that 403 brought were over for this process
        connection.execute(
            "INSERT INTO entity_names SELECT entity_id, 'character', 'Late ' || entity_id, now() FROM wanted_names"
        )
    assert (await world.tick("names", "first minute")).status_code == 204
    said = [body for head, body in world.said if head["ce-type"] == "com.battlescope.entity.updated.v1"]
    assert [body["entityName"] for body in said] == ["Late 90000003", "Late 90000004"]
    stored = column(database, "SELECT attacker_data->2->>'characterName' FROM enriched_killmails WHERE killmail_id = 5")
    assert stored == [("Late 90000004",)]


async def a_mail_too_large_for_an_event_goes_by_claim_check(world: World, archive: Archive) -> None:
    (key,) = await archived(archive, raw_mail(6, attackers=8000))
    assert (await world.post(KILLMAIL_INGESTED, reference(6, key), "6")).status_code == 204
    chunk = KillmailChunk.model_validate(world.said[-1][1])
    assert chunk == KillmailChunk(chunk_key="chunks/enriched/6.jsonl.gz", count=1, date=date(2026, 11, 1))
    mail = EnrichedKillmail.model_validate_json(gzip.decompress(await archive.batch(chunk.chunk_key)))
    assert mail.attacker_count == 8000


async def a_chunk_of_references_becomes_a_chunk_of_mails(world: World, archive: Archive, database: str) -> None:
    keys = await archived(archive, *(raw_mail(i) for i in range(100, 220)))
    references = [reference(i, key) for i, key in zip(range(100, 220), keys, strict=True)]
    references.append(reference(999, keys[0]))
    lines = "\n".join(entry.model_dump_json(by_alias=True) for entry in references)
    await archive.put_once("chunks/day.jsonl.gz", gzip.compress(lines.encode()))
    chunk = KillmailChunk(chunk_key="chunks/day.jsonl.gz", count=121, date=date(2026, 11, 1), job_id="j")
    for _ in range(2):  # refused for the one that is wrong, so it may come again: nothing changes, the same is said
        answer = await world.post(KILLMAIL_INGESTED, chunk, "chunk")
        assert (answer.status_code, answer.headers["kne-reason"][:9]) == (422, "1 of 121 ")
    (first, _), (head, body) = world.said[-2:]
    assert (head["broker"], head["ce-id"]) == ("backfill", first["ce-id"])
    told = KillmailChunk.model_validate(body)
    assert (told.chunk_key, told.count, told.job_id) == ("chunks/enriched/day.jsonl.gz", 120, "j")
    mails = gzip.decompress(await archive.batch(told.chunk_key)).splitlines()
    assert [EnrichedKillmail.model_validate_json(mail).killmail_id for mail in mails] == list(range(100, 220))
    stored = "SELECT count(*), max(version) FROM enriched_killmails WHERE killmail_id BETWEEN 100 AND 220"
    assert column(database, stored) == [(120, 1)]


async def a_battle_is_remembered_by_its_mails(world: World, database: str) -> None:
    for data, key in ((battle(2, 1, 5), "new"), (battle(1, 1, 2), "old")):
        assert (await world.post(BATTLE_CREATED, data, key)).status_code == 204
    assert column(database, "SELECT killmail_id FROM battle_killmails ORDER BY 1") == [(1,), (5,)]
    gone = BattleDeleted(battle_id="b-1", reason=DeletionReason.MANUAL)
    assert (await world.post(BATTLE_DELETED, gone, "gone")).status_code == 204
    assert column(database, "SELECT killmail_id FROM battle_killmails") == []


async def many_battles_come_as_a_chunk(world: World, archive: Archive, database: str) -> None:
    words = [BATTLE_CREATED.message(battle(r, 1, 5, r), source="t", key=f"{r}", time=TIME) for r in (8, 9, 7)]
    await archive.put_once("chunks/battles/some.jsonl.gz", encode_batch(words)[1])
    chunk = BattleChunk(chunk_key="chunks/battles/some.jsonl.gz", count=3)
    assert (await world.post(BATTLES_CHANGED, chunk, "many")).status_code == 204
    assert column(database, "SELECT killmail_id FROM battle_killmails ORDER BY 1") == [(1,), (5,), (9,)]
    absent = BattleChunk(chunk_key="chunks/battles/absent.jsonl.gz", count=3)
    assert (await world.post(BATTLES_CHANGED, absent, "none")).status_code == 422
