"""A chunk ends in the rows and lines in which its mails, heard one by one, would end; and what goes wrong in one."""

import asyncio
import gzip
import json
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from mails import BODY, needs_shared, raws, real
from mails import killmail_id as id_of
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.archive import pack
from battlescope_schemas.entity import EntityType
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.handlers import killmail_batch
from killmail_enrich.handlers.killmail import KillmailHandler
from killmail_enrich.handlers.killmail_batch import BatchEnricher
from killmail_enrich.names.model import Name
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmail_batches import BulkStore
from killmail_enrich.persistence.killmails import Store
from killmail_enrich.static_data.repository import StaticData

pytestmark = [pytest.mark.stores, pytest.mark.postgres]
NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAY = date(2026, 11, 1)
SAID = """
SELECT to_jsonb(mail) - 'updated_at' - 'enrichment_duration_ms' FROM enriched_killmails AS mail ORDER BY killmail_id
"""
WANTED = "SELECT entity_id, killmail_id FROM wanted_names ORDER BY 1, 2"


async def ask(entity_ids: Collection[int]) -> dict[int, Name]:
    """A third is known, a third was known two days ago, of the others nobody answers."""
    ages = {0: 0.0, 1: 2 * 86400.0}
    return {
        i: Name(i, EntityType.CHARACTER, f"Ñame \\ {i}\t", NOW.timestamp() - ages[i % 3])
        for i in entity_ids
        if i % 3 in ages
    }


class Machine:
    """The function without its process."""

    def __init__(self, archive: Archive, pool: AsyncConnectionPool) -> None:
        self.archive, self.pool = archive, pool
        self.live, self.history = RecordingPublisher(), RecordingPublisher()
        static, names = StaticData(pool, lambda: 0.0), NameResolver((), ask, NOW.timestamp)
        bulk = BatchEnricher(archive, static, names, BulkStore(pool), self.history, lambda: NOW)
        self.enricher = KillmailHandler(archive, static, names, Store(pool), self.live, bulk, lambda: NOW)

    async def hear(self, data: KillmailReference | KillmailChunk) -> None:
        await self.enricher.handle(Event(KILLMAIL_INGESTED, "e", "tests", data, {}))

    async def chunk(self, references: Iterable[KillmailReference], name: str = "day") -> KillmailChunk:
        lines = [one.model_dump_json(by_alias=True, exclude_none=True) for one in references]
        chunk = KillmailChunk(chunk_key=f"chunks/{name}.jsonl.gz", count=len(lines), date=DAY, job_id="j")
        await self.archive.put_once(chunk.chunk_key, gzip.compress("\n".join(lines).encode()))
        return chunk

    async def rows(self, query: str = SAID) -> list[Any]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()

    async def forget(self) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("TRUNCATE enriched_killmails, wanted_names")

    async def told(self) -> list[bytes]:
        """Lines of the chunk that was told last."""
        key = json.loads(self.history.messages[-1].body)["chunkKey"]
        return gzip.decompress(await self.archive.chunk(key)).splitlines()


@pytest.fixture
async def machine(archive: Archive, pool: AsyncConnectionPool, static_data: str) -> Machine:
    assert static_data
    return Machine(archive, pool)


async def filed(machine: Machine, mails: Iterable[bytes], in_packs_of: int = 7) -> list[KillmailReference]:
    """References to mails in several packs; each mail gets an id of its own and a system of the small universe."""
    mails = list(mails)
    found: list[KillmailReference] = []
    for start in range(0, len(mails), in_packs_of):
        packed = pack(DAY, mails[start : start + in_packs_of])
        await machine.archive.put_once(packed.object_key, packed.body)
        found += [reference(id_of(raw), str(key)) for raw, key in zip(mails[start:], packed.keys, strict=False)]
    return found


async def as_line(machine: Machine, message: Message) -> bytes:
    """A mail that was told, also where it was too large for an event."""
    claim = json.loads(message.body).get("chunkKey")
    return gzip.decompress(await machine.archive.chunk(claim)).rstrip() if claim else message.body


def reference(killmail_id: int, archive_key: str) -> KillmailReference:
    return KillmailReference(
        killmail_id=killmail_id,
        zkb_hash="a" * 40,
        killmail_time=NOW,
        system_id=30000001,
        isk_value=5,
        zkb_url=f"https://zkillboard.com/kill/{killmail_id}/",
        source="historical",
        historical_job_id="j",
        archive_key=archive_key,
    )


def placed(mails: Iterable[bytes]) -> list[bytes]:
    """The same mails, where they can be read, in systems that the small universe has and under ids of their own."""
    found: list[bytes] = []
    for number, raw in enumerate(mails):
        try:
            body = json.loads(raw)
            inner = body.get("esi") or body.get("killmail") or body
        except (ValueError, AttributeError, RecursionError):
            found.append(raw)
            continue
        inner["solar_system_id"] = 30000001 + number % 4
        if type(inner.get("killmail_id")) is int and inner["killmail_id"] == body.get("killmail_id"):
            inner["killmail_id"] = body["killmail_id"] = 1000 + number
        found.append(json.dumps(body).encode())
    return found


@pytest.mark.parametrize("mails", [raws, pytest.param(lambda: real(80), marks=[pytest.mark.shared, needs_shared])])
async def test_rows_and_lines_are_those_of_single_mails(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    mails: Callable[[], Iterable[bytes]],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(killmail_batch, "SLICE", 33)
    references = {one.killmail_id: one for one in await filed(machine, placed(mails()))}.values()
    refused: list[KillmailReference] = []
    for one in references:
        try:
            await machine.hear(one)
        except PermanentError:
            refused.append(one)
    single, wanted = await machine.rows(), await machine.rows(WANTED)
    said = [await as_line(machine, message) for message in machine.live.messages]
    assert len(single) > 20
    await machine.forget()

    machine = Machine(machine.archive, machine.pool)  # a process that knows no names yet
    chunk = await machine.chunk(references, request.node.name)
    if refused:
        with pytest.raises(PermanentError, match=f"{len(refused)} of {len(references)} mails"):
            await machine.hear(chunk)
    else:
        await machine.hear(chunk)
    assert await machine.rows() == single
    assert await machine.rows(WANTED) == wanted
    assert wanted
    assert await machine.told() == said


async def test_a_chunk_that_comes_again_changes_nothing_and_is_told_as_the_same_event(machine: Machine) -> None:
    chunk = await machine.chunk(await filed(machine, bodies(5)), "again")
    for _ in range(2):
        await machine.hear(chunk)
    first, second = machine.history.messages
    assert (first.id, first.body) == (second.id, second.body)
    assert {row[0]["version"] for row in await machine.rows()} == {1}
    assert machine.live.messages == []


async def test_mails_that_are_there_already_are_brought_up_to_date(machine: Machine) -> None:
    references = await filed(machine, bodies(6))
    for one in references[::2]:
        await machine.hear(one.model_copy(update={"source": "live"}))
    await machine.hear(await machine.chunk([*references, references[0]], "known"))
    rows = [(row[0]["source"], row[0]["version"]) for row in await machine.rows()]
    assert rows == [("historical", 2), ("historical", 1)] * 3


async def test_who_files_a_mail_meanwhile_is_no_obstacle(machine: Machine) -> None:
    references = await filed(machine, bodies(40))
    chunks = [await machine.chunk(references, f"race {number}") for number in range(4)]
    singles = (machine.hear(one) for one in references)
    await asyncio.gather(*(machine.hear(chunk) for chunk in chunks), *singles)
    assert len(await machine.rows()) == 40
    assert len(machine.history.messages) == 4


async def test_what_cannot_be_used_does_not_hold_up_the_others(machine: Machine) -> None:
    good = await filed(machine, bodies(4))
    (too_much,) = await filed(machine, bodies(1, first=50, victim={"ship_type_id": 587, "damage_taken": 2**70}))
    (nowhere,) = await filed(machine, bodies(1, first=51, solar_system_id=39999999))
    broken = [
        reference(60, "nowhere"),
        reference(61, good[0].archive_key.partition("#")[0] + "#1+10"),
        reference(62, good[0].archive_key.partition("#")[0] + "#9999999+10"),
        reference(63, good[0].archive_key),
        too_much,
        nowhere,
    ]
    with pytest.raises(PermanentError, match=r"^6 of 10 mails of chunks/broken"):
        await machine.hear(await machine.chunk([*broken[:3], *good, *broken[3:]], "broken"))
    assert [row[0]["killmail_id"] for row in await machine.rows()] == [one.killmail_id for one in good]
    assert len(await machine.told()) == 4


async def test_a_chunk_of_nothing_but_unusable_mails_is_not_told(machine: Machine) -> None:
    with pytest.raises(PermanentError, match="is no archive key"):
        await machine.hear(await machine.chunk([reference(60, "nowhere")], "useless"))
    assert machine.history.messages == []


async def test_a_pack_that_is_not_there_yet_is_waited_for(machine: Machine) -> None:
    good = await filed(machine, bodies(2))
    with pytest.raises(TransientError, match="absent"):
        await machine.hear(await machine.chunk([*good, reference(60, "raw-killmails/absent#0+10")], "early"))
    assert machine.history.messages == []


def bodies(count: int, first: int = 1, **changes: Any) -> list[bytes]:
    return [json.dumps(BODY | changes | {"killmail_id": first + number}).encode() for number in range(count)]
