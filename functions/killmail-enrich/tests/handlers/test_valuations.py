"""Values of killmails by both paths, live and batch; killmails that wait for prices; values that come late."""

import gzip
import json
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from awkward_killmails import BODY
from price_vectors import price_vector
from published_killmails import lines_of

from battlescope_events.catalog import KILLMAIL_INGESTED, REVALUATION_REQUESTED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event, Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.archive import make_bundle
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.prices import RevaluationRequested
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.handlers import valuations
from killmail_enrich.handlers.killmail import Delivery, KillmailHandler
from killmail_enrich.handlers.revaluations import RevaluationHandler
from killmail_enrich.handlers.valuations import ValuationHandler
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.names.model import Name
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import KillmailRepository
from killmail_enrich.persistence.valuations import ValuationRepository
from killmail_enrich.prices.price_vector import PriceVector
from killmail_enrich.revaluation import revalue_day
from killmail_enrich.static_data.repository import StaticData

pytestmark = [pytest.mark.stores, pytest.mark.postgres]
NOW, DAY = datetime(2026, 11, 2, tzinfo=UTC), date(2026, 11, 1)
CENTS = {587: 50_000, 34: 100, 35: 10_000}
ITEMS = [
    {"item_type_id": 34, "flag": 11, "quantity_destroyed": 2, "singleton": 0},
    {"item_type_id": 35, "flag": 5, "quantity_dropped": 3, "singleton": 0},
]
JOB = """
SELECT status, killmails_read, killmails_changed, killmails_without_prices FROM revaluation_jobs ORDER BY created_at
"""
COMPUTED = ("computed", Decimal("802.00"), Decimal("502.00"), Decimal("300.00"), Decimal("502.00"))


async def no_names(_: Collection[int]) -> dict[int, Name]:
    return {}


@dataclass
class Prices:
    """A price source with the days that are loaded."""

    by_day: dict[date, Mapping[int, int]] = field(default_factory=dict[date, Mapping[int, int]])

    wanted: set[date] = field(default_factory=set[date])

    async def want(self, days: Collection[date]) -> None:
        self.wanted |= set(days)

    async def __call__(self, day: date, type_ids: Collection[int]) -> PriceVector | None:
        del type_ids  # it has prices of all
        return price_vector(self.by_day[day], day) if day in self.by_day else None


class Machine:
    """Both handlers on real stores."""

    def __init__(self, archive: Archive, store: Database) -> None:
        self.archive, self.store, self.prices = archive, store, Prices()
        self.live, self.backfill = RecordingPublisher(), RecordingPublisher()
        names, static_data = NameResolver((), no_names, NOW.timestamp), StaticData(store, lambda: 0.0)
        valuer = Valuer(self.prices, self.prices.want)
        self.handler = KillmailHandler(
            archive, static_data, valuer, KillmailRepository(store), Delivery(names, self.live),
            Delivery(names, self.backfill), lambda: NOW,
        )  # fmt: skip
        outbox = Outbox(store, "backfill")
        self.valuations = ValuationHandler(
            archive, static_data, ValuationRepository(store, outbox), valuer, outbox, self.backfill, lambda: NOW
        )

    async def ingest(self, killmail_id: int, zkb: Any = None, revision: int | None = None, **body: Any) -> None:
        """One live killmail."""
        reference = await self.reference(killmail_id, zkb, revision, **body)
        await self.handler.handle(Event(KILLMAIL_INGESTED, "e", "tests", reference, {}))

    async def ingest_batch(self, killmail_ids: Collection[int], name: str = "day") -> None:
        lines = [
            (await self.reference(killmail_id)).model_dump_json(by_alias=True, exclude_none=True)
            for killmail_id in killmail_ids
        ]
        claim_check = KillmailChunk(
            chunk_key=f"chunks/{name}-{uuid4().hex}.jsonl.gz", count=len(lines), date=DAY, job_id="j"
        )
        await self.archive.put_once(claim_check.chunk_key, gzip.compress("\n".join(lines).encode()))
        await self.handler.handle(Event(KILLMAIL_INGESTED, "e", "tests", claim_check, {}))

    async def reference(
        self, killmail_id: int, zkb: Any = None, revision: int | None = None, **body: Any
    ) -> KillmailReference:
        victim = BODY["victim"] | {"items": ITEMS}
        raw = BODY | {"killmail_id": killmail_id, "victim": victim} | ({"zkb": zkb} if zkb is not None else {}) | body
        bundle = make_bundle(DAY, [json.dumps(raw).encode()])
        await self.archive.put_once(bundle.object_key, bundle.body)
        return KillmailReference(
            killmail_id=killmail_id, zkb_hash="a" * 40, killmail_time=datetime(2026, 11, 1, 20, tzinfo=UTC),
            system_id=30000001, zkb_url="https://zkillboard.com/", source="historical",
            archive_key=str(bundle.keys[0]), value_revision=revision,
        )  # fmt: skip

    async def events(self) -> list[EnrichedKillmail]:
        """All published killmails in order, singles first."""
        lines: list[bytes] = []
        for message in (*self.live.messages, *self.backfill.messages):
            lines += await self._lines(message)
        return [EnrichedKillmail.model_validate_json(line) for line in lines]

    async def _lines(self, message: Message) -> list[bytes]:
        return await lines_of(message.body, self.archive)

    async def rows(self, statement: Any) -> list[Any]:
        async with self.store.connection() as connection:
            return await (await connection.execute(statement)).fetchall()


@pytest.fixture
async def machine(archive: Archive, store: Database, static_data: str) -> Machine:
    assert static_data
    return Machine(archive, store)


def shown(killmail: EnrichedKillmail) -> tuple[Any, ...]:
    return (
        killmail.value_source, killmail.total_value, killmail.fitted_value, killmail.dropped_value,
        killmail.destroyed_value,
    )  # fmt: skip


STATE = """
SELECT killmail_id, value_source, total_value, valuation, valuation_rules FROM enriched_killmails ORDER BY killmail_id
"""


async def test_live_and_backfilled_killmails_get_the_same_value_at_once(machine: Machine) -> None:
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    await machine.ingest_batch([2, 3])
    events = await machine.events()
    assert [shown(event) for event in events] == [COMPUTED] * 3
    computed = events[0].computed_value
    assert computed is not None
    assert (computed.hull, computed.total, computed.price_day) == (500, 802, date(2026, 10, 31))
    assert (computed.confidence, computed.rules, computed.unpriced) == ("high", 1, ())
    rows = await machine.rows(STATE)
    assert len({str(row[1:]) for row in rows}) == 1
    assert await machine.valuations.ready() == {"killmailsWithoutPrices": 0}


async def test_killmails_without_prices_go_on_and_get_their_value_later(machine: Machine) -> None:
    await machine.ingest(1)
    await machine.ingest_batch([2, 3])
    assert [shown(event) for event in await machine.events()] == [(None,) * 5] * 3
    assert await machine.valuations.ready() == {"killmailsWithoutPrices": 3}
    assert machine.prices.wanted == {DAY}
    await machine.valuations.value_waiting()
    assert len(await machine.events()) == 3
    machine.prices.by_day[DAY] = CENTS
    await machine.valuations.value_waiting()
    late = (await machine.events())[3:]
    assert [(event.killmail_id, shown(event), event.valuation_revision) for event in late] == [
        (killmail_id, COMPUTED, 1) for killmail_id in (1, 2, 3)
    ]
    assert await machine.valuations.ready() == {"killmailsWithoutPrices": 0}
    await machine.valuations.value_waiting()
    assert len(await machine.events()) == 6


async def test_late_event_is_the_first_one_with_a_value(machine: Machine) -> None:
    await machine.ingest(1)
    machine.prices.by_day[DAY] = CENTS
    await machine.valuations.value_waiting()
    first, late = await machine.events()
    valued = set(EnrichedKillmail.model_fields) - {"valuation_revision", "computed_value"}
    without_value = {name for name in valued if not name.endswith("_value") and name != "value_source"}
    assert {name: getattr(late, name) for name in without_value} == {
        name: getattr(first, name) for name in without_value
    }


async def test_repeated_event_leaves_the_value_for_the_timer(machine: Machine) -> None:
    """Its event has the id and the revisions of the first one, so that consumers would ignore another value."""
    await machine.ingest(1)
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    assert await machine.valuations.ready() == {"killmailsWithoutPrices": 1}
    await machine.valuations.value_waiting()
    assert [event.valuation_revision for event in await machine.events()][-1] == 1
    machine.prices.by_day[DAY] = {587: 7}
    await machine.ingest(1)
    assert (await machine.rows(STATE))[0][2] == Decimal("802.00")


async def test_value_of_zkillboard_replaces_the_computed_one_which_stays_beside_it(machine: Machine) -> None:
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    zkb = {"totalValue": 900.5, "fittedValue": 600, "droppedValue": 300.5, "destroyedValue": 600}
    await machine.ingest(1, zkb, 1)
    event = (await machine.events())[-1]
    assert shown(event) == ("zkb", Decimal("900.50"), 600, Decimal("300.50"), 600)
    assert event.computed_value is not None
    assert (event.zkb_total_value, event.computed_value.total) == (Decimal("900.50"), Decimal("802.00"))
    await machine.ingest(1)
    assert (await machine.rows(STATE))[0][1:3] == ("zkb", Decimal("900.50"))


@pytest.mark.parametrize("zkb", [{"totalValue": 0}, {"totalValue": 900, "droppedValue": 1, "destroyedValue": 1}])
async def test_refused_value_of_zkillboard_keeps_the_computed_one(machine: Machine, zkb: Any) -> None:
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    await machine.ingest(1, zkb, 1)
    event = (await machine.events())[-1]
    assert (shown(event), event.zkb_total_value) == (COMPUTED, zkb["totalValue"])


async def test_day_loaded_later_keeps_the_values_of_zkillboard(machine: Machine) -> None:
    zkb = {"totalValue": 900.5, "fittedValue": 600, "droppedValue": 300.5, "destroyedValue": 600}
    await machine.ingest(1, zkb)
    machine.prices.by_day[DAY] = CENTS
    await machine.valuations.value_waiting()
    event = (await machine.events())[-1]
    assert (shown(event)[:2], event.valuation_revision) == (("zkb", Decimal("900.50")), 1)
    assert event.computed_value is not None


async def test_unreadable_body_does_not_block_the_others(machine: Machine) -> None:
    for killmail_id in (1, 2, 3):
        await machine.ingest(killmail_id)
    async with machine.store.connection() as connection:
        await connection.execute("UPDATE enriched_killmails SET archive_key = 'nonsense' WHERE killmail_id = 2")
    machine.prices.by_day[DAY] = CENTS
    await machine.valuations.value_waiting()
    assert [row[1] for row in await machine.rows(STATE)] == ["computed", None, "computed"]
    assert await machine.valuations.ready() == {"killmailsWithoutPrices": 0}


async def test_value_that_no_column_holds_is_no_value(machine: Machine) -> None:
    machine.prices.by_day[DAY] = {587: 10**16}
    await machine.ingest(1)
    assert (await machine.rows(STATE))[0][1:3] == (None, None)
    assert await machine.valuations.ready() == {"killmailsWithoutPrices": 0}


async def test_far_off_value_is_logged_with_its_largest_type(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.prices.by_day[DAY] = {587: 1, 35: 10**12}
    with caplog.at_level("INFO", "killmail_enrich.handlers.valuer"):
        await machine.ingest(1, {"totalValue": 100})
    (text,) = [record.getMessage() for record in caplog.records if "Calibration" in record.getMessage()]
    assert "killmail 1 of 2026-11-01 is worth 100.00 ISK to zKillboard and 30000000000 ISK by rules 1" in text
    assert "30000000000 of it type 35" in text


async def test_revaluation_changes_only_computed_values_and_only_where_they_differ(machine: Machine) -> None:
    zkb = {"totalValue": 900.5, "fittedValue": 600, "droppedValue": 300.5, "destroyedValue": 600}
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    await machine.ingest(2, zkb)
    await machine.ingest(3, victim=BODY["victim"])
    assert str(await revalue_day(machine.valuations, DAY)) == "2026-11-01: 3 killmails, 0 with another value"
    assert len(await machine.events()) == 3
    machine.prices.by_day[DAY] = CENTS | {34: 200}
    assert (await revalue_day(machine.valuations, DAY)).changed == 2
    late = (await machine.events())[3:]
    assert [(event.killmail_id, event.value_source, event.total_value, event.valuation_revision) for event in late] == [
        (1, "computed", Decimal("804.00"), 1),
        (2, "zkb", Decimal("900.50"), 1),
    ]
    assert late[1].computed_value is not None
    assert late[1].computed_value.total == Decimal("804.00")
    assert (await revalue_day(machine.valuations, DAY)).changed == 0


UNIT_PRICES = "SELECT type_prices FROM enriched_killmails ORDER BY killmail_id"


async def test_unit_prices_are_stored_with_the_value_and_filled_in_by_a_revaluation(machine: Machine) -> None:
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    await machine.ingest_batch([2])
    prices = [[type_id, CENTS[type_id], "market", 34, "2026-10-31"] for type_id in (34, 35, 587)]
    assert await machine.rows(UNIT_PRICES) == [(prices,)] * 2
    async with machine.store.connection() as connection:  # as rows of an older release
        await connection.execute("UPDATE enriched_killmails SET type_prices = NULL")
    assert (await revalue_day(machine.valuations, DAY)).changed == 2
    assert await machine.rows(UNIT_PRICES) == [(prices,)] * 2
    late = (await machine.events())[2:]
    assert [(shown(event), event.valuation_revision) for event in late] == [(COMPUTED, 1)] * 2
    assert (await revalue_day(machine.valuations, DAY)).changed == 0


async def test_unit_prices_of_an_older_release_are_as_good(machine: Machine) -> None:
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    async with machine.store.connection() as connection:
        await connection.execute("UPDATE enriched_killmails SET unit_prices = type_prices, type_prices = NULL")
    assert (await revalue_day(machine.valuations, DAY)).changed == 0
    await machine.ingest(1, {"totalValue": 900.5}, 1)
    both = "SELECT unit_prices, jsonb_array_length(type_prices::jsonb) FROM enriched_killmails"
    assert await machine.rows(both) == [(None, 3)]


async def test_unit_prices_follow_another_value_of_the_feed_and_wait_for_prices(machine: Machine) -> None:
    await machine.ingest(1)
    assert await machine.rows(UNIT_PRICES) == [(None,)]
    machine.prices.by_day[DAY] = CENTS
    await machine.valuations.value_waiting()
    assert len((await machine.rows(UNIT_PRICES))[0][0]) == 3
    machine.prices.by_day[DAY] = CENTS | {34: 900}
    await machine.ingest(1, {"totalValue": 900.5}, 1)
    assert (await machine.rows(UNIT_PRICES))[0][0][0] == [34, 900, "market", 34, "2026-10-31"]


async def test_revaluation_of_a_day_without_prices_requests_them(machine: Machine) -> None:
    await machine.ingest(1)
    machine.prices.wanted.clear()
    outcome = await revalue_day(machine.valuations, DAY)
    assert str(outcome) == "2026-11-01: 1 killmails, 0 with another value, 1 wait for prices"
    assert machine.prices.wanted == {DAY}


@pytest.mark.parametrize("seed", range(6))
async def test_prices_values_and_corrections_in_any_order_end_as_computed_from_scratch(
    machine: Machine, seed: int
) -> None:
    """History without zkb; then its prices, zkb values for half of it and corrections, in any order and repeated."""
    order = random.Random(seed)
    ids = list(range(1, 13))
    revisions = {i: order.randint(1, 3) for i in order.sample(ids, 6)}
    values = {(i, r): {"totalValue": 1000 * i + r} for i, last in revisions.items() for r in range(1, last + 1)}
    steps: list[Any] = ["prices", *values, *order.sample(list(values), 3)]
    order.shuffle(steps)
    await machine.ingest_batch(ids, f"seed-{seed}")
    for step in steps:
        if step == "prices":
            machine.prices.by_day[DAY] = CENTS
        else:
            await machine.ingest(step[0], values[step], step[1])
        if order.random() < 0.4:
            await machine.valuations.value_waiting()
    await machine.valuations.value_waiting()
    ended = await machine.rows(STATE)
    expected = [("zkb", 1000 * i + revisions[i]) if i in revisions else ("computed", Decimal("802.00")) for i in ids]
    assert [row[1:3] for row in ended] == expected
    assert latest(await machine.events()) == {i: total for i, (_, total) in zip(ids, expected, strict=True)}
    async with machine.store.connection() as connection:
        await connection.execute("TRUNCATE enriched_killmails")
    for i in ids:
        await machine.ingest(i, values.get((i, revisions.get(i, 0))))
    assert await machine.rows(STATE) == ended


async def request_job(machine: Machine, first: date, last: date) -> str:
    """As killmail-api stores it."""
    job_id = str(uuid4())
    async with machine.store.connection() as connection:
        await connection.execute(
            "INSERT INTO revaluation_jobs (id, first_day, last_day, position_day, requested_by) "
            "VALUES (%(id)s, %(first)s, %(last)s, %(first)s, 'Ann')",
            {"id": job_id, "first": first, "last": last},
        )
    return job_id


async def run_job(machine: Machine, job_id: str, *, max_parts: int = 20) -> int:
    """Deliver each part twice; returns the number of parts that were requested."""
    handler, part, seen = RevaluationHandler(machine.valuations), 0, len(machine.backfill.messages)
    for _ in range(max_parts):
        request = Event(REVALUATION_REQUESTED, "e", "tests", RevaluationRequested(job_id=job_id, part=part), {})
        await handler.handle(request)
        await handler.handle(request)
        requests = [
            RevaluationRequested.model_validate_json(message.body)
            for message in machine.backfill.messages[seen:]
            if message.type == REVALUATION_REQUESTED.name
        ]
        seen = len(machine.backfill.messages)
        if not requests:
            break
        (next_part,) = requests
        part = next_part.part
    machine.backfill.messages[:] = [m for m in machine.backfill.messages if m.type != REVALUATION_REQUESTED.name]
    return part


async def test_job_revalues_its_days_part_by_part(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valuations, "PART_SIZE", 2)
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest_batch(range(1, 6))
    machine.prices.by_day[DAY] = CENTS | {34: 200}
    job_id = await request_job(machine, DAY - timedelta(days=250), DAY + timedelta(days=1))
    assert await run_job(machine, job_id) == 5  # two of empty days, three of killmails, and the last one ends the job
    assert await machine.rows(JOB) == [("completed", 5, 5, 0)]
    assert {row[2] for row in await machine.rows(STATE)} == {Decimal("804.00")}
    assert len(await machine.events()) == 10
    again = await request_job(machine, DAY, DAY)
    await run_job(machine, again)
    assert (await machine.rows(JOB))[-1] == ("completed", 5, 0, 0)
    assert len(await machine.events()) == 10


async def test_job_counts_killmails_without_prices_and_requests_these(machine: Machine) -> None:
    await machine.ingest(1)
    machine.prices.wanted.clear()
    await run_job(machine, await request_job(machine, DAY, DAY))
    assert await machine.rows(JOB) == [("completed", 1, 0, 1)]
    assert machine.prices.wanted == {DAY}


async def test_cancelled_job_changes_nothing(machine: Machine) -> None:
    machine.prices.by_day[DAY] = CENTS
    await machine.ingest(1)
    machine.prices.by_day[DAY] = CENTS | {34: 200}
    job_id = await request_job(machine, DAY, DAY)
    async with machine.store.connection() as connection:
        await connection.execute("UPDATE revaluation_jobs SET status = 'cancelled'")
    await run_job(machine, job_id)
    assert await machine.rows(JOB) == [("cancelled", 0, 0, 0)]
    assert (await machine.rows(STATE))[0][2] == Decimal("802.00")


async def test_unknown_job_is_refused(machine: Machine) -> None:
    with pytest.raises(PermanentError, match="no revaluation job"):
        await run_job(machine, str(uuid4()))


def latest(events: Collection[EnrichedKillmail]) -> dict[int, Decimal | None]:
    """What a consumer ends with that keeps the event with the highest revisions of each killmail."""
    by_id: dict[int, EnrichedKillmail] = {}
    for event in sorted(events, key=lambda event: (event.value_revision or 0, event.valuation_revision or 0)):
        by_id[event.killmail_id] = event
    return {killmail_id: by_id[killmail_id].total_value for killmail_id in sorted(by_id)}
