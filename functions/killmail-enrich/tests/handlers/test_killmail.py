"""Batches give the rows and lines of single killmails, in any mixture; invalid killmails do not block the others."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from awkward_killmails import BODY, CORPORATION, awkward_killmails, needs_shared, real_killmails
from awkward_killmails import killmail_id as id_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from price_vectors import no_prices, wanted_days
from published_killmails import lines_of
from pydantic import SecretStr

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event, Message
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.record_size import MAX_EVENT_BYTES, event_bytes
from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import create_bucket
from battlescope_local.testing.examples import examples
from battlescope_schemas import base
from battlescope_schemas.archive import make_bundle
from battlescope_schemas.entity import EntityType
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.handlers import killmail
from killmail_enrich.handlers.killmail import Delivery, KillmailHandler
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.names.model import Name
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import KillmailRepository
from killmail_enrich.static_data.repository import StaticData

pytestmark = [pytest.mark.stores, pytest.mark.postgres]
NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAY = date(2026, 11, 1)
KILLMAILS = """
SELECT to_jsonb(killmail) - 'updated_at' - 'enrichment_duration_ms' FROM enriched_killmails AS killmail
ORDER BY killmail_id
"""
PENDING_NAMES = "SELECT entity_id, killmail_id FROM wanted_names ORDER BY 1, 2"


async def fetch_names(entity_ids: Collection[int]) -> dict[int, Name]:
    """A third of the names is fresh, a third two days old, a third is missing."""
    ages = {0: 0.0, 1: 2 * 86400.0}
    return {
        i: Name(i, EntityType.CHARACTER, f"Ñame \\ {i}\t", NOW.timestamp() - ages[i % 3])
        for i in entity_ids
        if i % 3 in ages
    }


class Consumer:
    """The handler of killmails on real stores."""

    def __init__(self, archive: Archive, store: Database) -> None:
        self.archive, self.store = archive, store
        self.live_publisher, self.backfill_publisher = RecordingPublisher(), RecordingPublisher()
        static_data, names = StaticData(store, lambda: 0.0), NameResolver((), fetch_names, NOW.timestamp)
        self.announced = list[int]()
        live = Delivery(names, self.live_publisher, self._announce)
        backfill = Delivery(names, self.backfill_publisher)
        self.handler = KillmailHandler(
            archive, static_data, Valuer(no_prices, wanted_days), KillmailRepository(store), live, backfill, lambda: NOW
        )

    async def _announce(self, killmail_ids: Sequence[int]) -> None:
        """Streams read what is announced from the table."""
        assert set(killmail_ids) <= {row[0] for row in await self.rows("SELECT killmail_id FROM enriched_killmails")}
        self.announced += killmail_ids

    async def handle(self, data: KillmailReference | KillmailChunk) -> None:
        await self.handler.handle(Event(KILLMAIL_INGESTED, "e", "tests", data, {}))

    async def store_batch(
        self, references: Iterable[KillmailReference], name: str = "day", job_id: str | None = "j"
    ) -> KillmailChunk:
        """Without a job the batch is live."""
        lines = [reference.model_dump_json(by_alias=True, exclude_none=True) for reference in references]
        claim_check = KillmailChunk(chunk_key=f"chunks/{name}.jsonl.gz", count=len(lines), date=DAY, job_id=job_id)
        await self.archive.put_once(claim_check.chunk_key, gzip.compress("\n".join(lines).encode()))
        return claim_check

    async def rows(self, query: str = KILLMAILS) -> list[Any]:
        async with self.store.connection() as connection:
            return await (await connection.execute(query)).fetchall()

    async def delete_rows(self) -> None:
        async with self.store.connection() as connection:
            await connection.execute("TRUNCATE enriched_killmails, waiting_killmails, wanted_names")

    async def all_lines(self) -> list[bytes]:
        """Every published killmail, single or in a batch."""
        lines: list[bytes] = []
        for message in (*self.live_publisher.messages, *self.backfill_publisher.messages):
            lines += await lines_of(message.body, self.archive)
        return lines

    async def published_lines(self) -> list[bytes]:
        """Lines of the batch that was published last."""
        return await lines_of(self.backfill_publisher.messages[-1].body, self.archive)


@pytest.fixture
async def consumer(archive: Archive, store: Database, static_data: str) -> Consumer:
    assert static_data
    return Consumer(archive, store)


async def archived(consumer: Consumer, raw_killmails: Iterable[bytes], bundle_size: int = 7) -> list[KillmailReference]:
    """References to killmails in several bundles."""
    raw_killmails = list(raw_killmails)
    references: list[KillmailReference] = []
    for start in range(0, len(raw_killmails), bundle_size):
        bundle = make_bundle(DAY, raw_killmails[start : start + bundle_size])
        await consumer.archive.put_once(bundle.object_key, bundle.body)
        references += [
            reference(id_of(raw), str(key)) for raw, key in zip(raw_killmails[start:], bundle.keys, strict=False)
        ]
    return references


async def as_line(consumer: Consumer, message: Message) -> bytes:
    """A published killmail, also where it was too large for an event."""
    (line,) = await lines_of(message.body, consumer.archive)
    return line


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


def in_small_universe(raw_killmails: Iterable[bytes]) -> list[bytes]:
    """The same killmails, where they can be read, with distinct ids and in systems of the small universe."""
    moved: list[bytes] = []
    for number, raw in enumerate(raw_killmails):
        try:
            body = json.loads(raw)
            inner = body.get("esi") or body.get("killmail") or body
        except (ValueError, AttributeError, RecursionError):
            moved.append(raw)
            continue
        inner["solar_system_id"] = 30000001 + number % 4
        if type(inner.get("killmail_id")) is int and inner["killmail_id"] == body.get("killmail_id"):
            inner["killmail_id"] = body["killmail_id"] = 1000 + number  # not part of the hash
        moved.append(json.dumps(body).encode())
    return moved


@pytest.mark.parametrize(
    "raw_killmails",
    [awkward_killmails, pytest.param(lambda: real_killmails(80), marks=[pytest.mark.shared, needs_shared])],
)
async def test_rows_and_lines_of_a_batch_are_those_of_single_killmails(
    consumer: Consumer,
    monkeypatch: pytest.MonkeyPatch,
    raw_killmails: Callable[[], Iterable[bytes]],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(killmail, "SLICE_SIZE", 33)
    references = {
        reference_.killmail_id: reference_
        for reference_ in await archived(consumer, in_small_universe(raw_killmails()))
    }.values()
    rejected: list[KillmailReference] = []
    for reference_ in references:
        try:
            await consumer.handle(reference_)
        except PermanentError:
            rejected.append(reference_)
    rows, pending_names = await consumer.rows(), await consumer.rows(PENDING_NAMES)
    lines = [await as_line(consumer, message) for message in consumer.live_publisher.messages]
    assert len(rows) > 15
    await consumer.delete_rows()

    consumer = Consumer(consumer.archive, consumer.store)  # a process that has cached no names yet
    claim_check = await consumer.store_batch(references, request.node.name)
    if rejected:
        with pytest.raises(PermanentError, match=f"{len(rejected)} of {len(references)} killmails"):
            await consumer.handle(claim_check)
    else:
        await consumer.handle(claim_check)
    assert await consumer.rows() == rows
    assert await consumer.rows(PENDING_NAMES) == pending_names
    assert pending_names
    assert await consumer.published_lines() == lines


async def test_live_batch_is_published_beside_live_killmails(consumer: Consumer) -> None:
    references = await archived(consumer, in_small_universe(bodies(4)))
    await consumer.handle(await consumer.store_batch(references, "live", job_id=None))
    (message,) = consumer.live_publisher.messages
    assert not consumer.backfill_publisher.messages
    claim_check = KillmailChunk.model_validate_json(message.body)
    assert (claim_check.chunk_key, claim_check.count, claim_check.job_id) == ("chunks/enriched/live.jsonl.gz", 4, None)
    assert message.headers["ce-partitionkey"].startswith(str(DAY))


async def test_small_batch_travels_with_its_event_and_only_a_large_one_is_an_object(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    references = await archived(consumer, in_small_universe(bodies(4)))
    await consumer.handle(await consumer.store_batch(references, "small"))
    assert len(await consumer.published_lines()) == 4
    with pytest.raises(PermanentError, match="does not exist"):
        await consumer.archive.batch("chunks/enriched/small.jsonl.gz")
    monkeypatch.setattr(base, "MAX_CARRIED_BYTES", 10)
    await consumer.handle(await consumer.store_batch(references, "large"))
    claim_check = KillmailChunk.model_validate_json(consumer.backfill_publisher.messages[-1].body)
    assert claim_check.content is None
    assert len(await consumer.published_lines()) == 4


async def test_streams_learn_of_live_killmails_single_or_in_batches_and_of_no_backfilled_ones(
    consumer: Consumer,
) -> None:
    references = await archived(consumer, in_small_universe(bodies(6)))
    await consumer.handle(references[0])
    await consumer.handle(await consumer.store_batch(references[1:4], "streamed", job_id=None))
    await consumer.handle(await consumer.store_batch(references[4:], "not streamed"))
    assert consumer.announced == [reference_.killmail_id for reference_ in references[:4]]
    with pytest.raises(PermanentError):
        await consumer.handle(
            await consumer.store_batch([reference(60, "nowhere"), references[0]], "partly streamed", job_id=None)
        )
    assert consumer.announced[4:] == [references[0].killmail_id]


BATCHES = st.tuples(st.lists(st.integers(0, 7), min_size=1, max_size=6), st.none() | st.just("j"))


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 7) | BATCHES, min_size=1, max_size=5).map(lambda steps: [*steps, (list(range(8)), None)])
)
def test_batches_singles_and_duplicates_in_any_order_give_one_state(mixed: "Mixed", steps: list["Step"]) -> None:
    """A step is one killmail, or a batch, live or of a job; every order ends with the same rows and the same JSON."""
    assert mixed.state_after(steps) == mixed.state_after(list(range(8)))


Step = int | tuple[list[int], str | None]


class Mixed:
    """Runs steps on an event loop of its own, because hypothesis calls plain functions."""

    def __init__(self, s3: S3Access, database: str) -> None:
        self._bucket, self._database = create_bucket(s3, "mixed").bucket_access, database

    def state_after(self, steps: list[Step]) -> tuple[list[Any], list[Any], dict[int, bytes]]:
        return asyncio.run(self._run(steps))

    async def _run(self, steps: list[Step]) -> tuple[list[Any], list[Any], dict[int, bytes]]:
        async with open_pool(SecretStr(self._database), "test", max_size=4) as pool:
            consumer = Consumer(Archive(ObjectStorage(self._bucket)), Database(pool, "killmail"))
            await consumer.delete_rows()
            references = await archived(consumer, in_small_universe(bodies(8)))
            for number, step in enumerate(steps):
                if isinstance(step, int):
                    await consumer.handle(references[step])
                    continue
                numbers, job_id = step
                batch = [references[i] for i in numbers]
                await consumer.handle(await consumer.store_batch(batch, f"mixed {number} {numbers}", job_id))
            lines = {json.loads(line)["killmailId"]: line for line in await consumer.all_lines()}
            return await consumer.rows(), await consumer.rows(PENDING_NAMES), lines


@pytest.fixture
def mixed(moto: S3Access, static_data: str) -> Mixed:
    return Mixed(moto, static_data)


async def test_repeated_batch_changes_nothing_and_is_published_as_the_same_event(consumer: Consumer) -> None:
    claim_check = await consumer.store_batch(await archived(consumer, bodies(5)), "again")
    for _ in range(2):
        await consumer.handle(claim_check)
    first, second = consumer.backfill_publisher.messages
    assert (first.id, first.body) == (second.id, second.body)
    assert {row[0]["version"] for row in await consumer.rows()} == {1}
    assert consumer.live_publisher.messages == []


@pytest.mark.parametrize(("attackers", "is_claim_check"), [(2000, False), (9000, True)])
async def test_killmail_that_no_event_can_hold_is_published_as_claim_check(
    consumer: Consumer, attackers: int, *, is_claim_check: bool
) -> None:
    fleet = [{"corporation_id": CORPORATION, "character_id": 90000000 + number} for number in range(attackers)]
    [reference_] = await archived(consumer, bodies(1, attackers=fleet))
    await consumer.handle(reference_)
    [message] = consumer.live_publisher.messages
    line = await as_line(consumer, message)
    assert (message.body != line) == is_claim_check
    assert len(json.loads(line)["attackers"]) == attackers
    assert event_bytes(message) <= MAX_EVENT_BYTES


async def test_existing_killmails_are_updated(consumer: Consumer) -> None:
    references = await archived(consumer, bodies(6))
    for reference_ in references[::2]:
        await consumer.handle(reference_.model_copy(update={"source": "live"}))
    await consumer.handle(await consumer.store_batch([*references, references[0]], "known"))
    rows = [(row[0]["source"], row[0]["version"]) for row in await consumer.rows()]
    assert rows == [("historical", 2), ("historical", 1)] * 3


async def test_concurrent_inserts_of_the_same_killmails_succeed(consumer: Consumer) -> None:
    references = await archived(consumer, bodies(40))
    claim_checks = [await consumer.store_batch(references, f"race {number}") for number in range(4)]
    singles = (consumer.handle(reference_) for reference_ in references)
    await asyncio.gather(*(consumer.handle(claim_check) for claim_check in claim_checks), *singles)
    assert len(await consumer.rows()) == 40
    assert len(consumer.backfill_publisher.messages) == 4


async def test_unusable_killmails_do_not_block_the_others(consumer: Consumer) -> None:
    usable = await archived(consumer, bodies(4))
    (too_large,) = await archived(consumer, bodies(1, first=50, victim={"ship_type_id": 587, "damage_taken": 2**70}))
    bundle = usable[0].archive_key.partition("#")[0]
    unusable = [
        reference(60, "nowhere"),
        reference(61, bundle + "#1+10"),
        reference(62, bundle + "#9999999+10"),
        reference(63, usable[0].archive_key),
        too_large,
    ]
    with pytest.raises(PermanentError, match=r"^5 of 9 killmails of chunks/broken"):
        await consumer.handle(await consumer.store_batch([*unusable[:3], *usable, *unusable[3:]], "broken"))
    assert [row[0]["killmail_id"] for row in await consumer.rows()] == [reference_.killmail_id for reference_ in usable]
    assert len(await consumer.published_lines()) == 4


NEW_SYSTEM = 30000999
IMPORT_NEW_SYSTEM = f"""
INSERT INTO systems (system_id, name, constellation_id, region_id, security_status)
SELECT {NEW_SYSTEM}, 'Newfound', constellation_id, region_id, 0.2 FROM systems WHERE system_id = 30000001
"""
LOCATIONS = "SELECT killmail_id, system_name, security_type FROM enriched_killmails ORDER BY killmail_id"


@pytest.fixture
async def new_system(consumer: Consumer) -> AsyncIterator[str]:
    """The statement that imports it; undone after the test, since tests share the static data."""
    yield IMPORT_NEW_SYSTEM
    async with consumer.store.connection() as connection:
        await connection.execute("DELETE FROM systems WHERE system_id = 30000999")


@pytest.mark.parametrize("is_batch", [False, True])
async def test_killmail_in_a_system_newer_than_the_static_data_waits_for_the_import(
    consumer: Consumer, new_system: str, *, is_batch: bool
) -> None:
    (late,) = await archived(consumer, bodies(1, first=51, solar_system_id=NEW_SYSTEM))
    others = await archived(consumer, bodies(2))
    await consumer.handle(await consumer.store_batch([late, *others], "late") if is_batch else late)
    stored = [(1, "System 1", "highsec"), (2, "System 1", "highsec")] if is_batch else []
    assert await consumer.rows(LOCATIONS) == [*stored, (51, None, None)]
    assert await consumer.handler.ready() == {"waitingKillmails": 1}
    assert len(await consumer.all_lines()) == len(stored)
    await consumer.handler.complete_waiting()
    assert await consumer.handler.ready() == {"waitingKillmails": 1}
    await consumer.rows(new_system + "RETURNING 1")
    for _ in range(2):
        await consumer.handler.complete_waiting()
    assert await consumer.rows(LOCATIONS) == [*stored, (51, "Newfound", "lowsec")]
    assert await consumer.handler.ready() == {"waitingKillmails": 0}
    (message,) = consumer.live_publisher.messages
    assert json.loads(message.body)["systemName"] == "Newfound"


async def test_wormhole_that_the_static_data_lacks_is_known_as_a_wormhole(consumer: Consumer) -> None:
    (late,) = await archived(consumer, bodies(1, first=52, solar_system_id=31999999))
    await consumer.handle(late)
    assert await consumer.rows(LOCATIONS) == [(52, None, "wormhole")]


async def test_another_value_of_the_feed_is_stored_and_published_as_another_event(consumer: Consumer) -> None:
    first, second, third = await archived(
        consumer, [json.dumps(BODY | {"zkb": {"totalValue": value, "points": value}}).encode() for value in (5, 6, 5)]
    )
    references = [
        reference.model_copy(update={"value_revision": revision})
        for reference, revision in ((first, None), (second, 1), (third, 2))
    ]
    for late_first in ((0, 1, 2), (2, 1, 0, 2)):
        await consumer.delete_rows()
        for index in late_first:
            await consumer.handle(references[index])
        rows = await consumer.rows(
            "SELECT zkb_total_value::integer, zkb_points, value_revision FROM enriched_killmails"
        )
        assert rows == [(5, 5, 2)]
    ids = [message.id for message in consumer.live_publisher.messages]
    assert ids[:3] == [ids[5], ids[4], ids[3]]
    assert len(set(ids)) == 3


async def test_batch_of_only_unusable_killmails_is_not_published(consumer: Consumer) -> None:
    with pytest.raises(PermanentError, match="is no archive key"):
        await consumer.handle(await consumer.store_batch([reference(60, "nowhere")], "useless"))
    assert consumer.backfill_publisher.messages == []


async def test_missing_bundle_is_a_transient_error(consumer: Consumer) -> None:
    usable = await archived(consumer, bodies(2))
    with pytest.raises(TransientError, match="absent"):
        await consumer.handle(
            await consumer.store_batch([*usable, reference(60, "raw-killmails/absent#0+10")], "early")
        )
    assert consumer.backfill_publisher.messages == []


def bodies(count: int, first: int = 1, **changes: Any) -> list[bytes]:
    return [json.dumps(BODY | changes | {"killmail_id": first + number}).encode() for number in range(count)]
