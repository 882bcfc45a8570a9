"""From market history files to published values: the four computed cases, live and in a batch, before and after."""

import gzip
import json
import time
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from market_files import write_market
from published_killmails import lines_of

from battlescope_events.catalog import KILLMAIL_INGESTED, PRICES_DAY_LOADED, PRICES_REQUESTED
from battlescope_events.messages import Event
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.upstream.http import ReqwestHttp
from battlescope_local.testing.upstreams import instant_client
from battlescope_schemas.archive import make_bundle
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.prices import PricesDayLoaded, PricesRequested
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.handlers.killmail import Delivery, KillmailHandler
from killmail_enrich.handlers.prices import PriceHandler
from killmail_enrich.handlers.valuations import ValuationHandler
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.market.day_prices import DayPrices
from killmail_enrich.market.loader import MarketLoader
from killmail_enrich.market.source import MarketHistory
from killmail_enrich.names.model import Name
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import KillmailRepository
from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.persistence.valuations import ValuationRepository
from killmail_enrich.static_data.repository import StaticData

DATA = Path(__file__).parents[5] / "shared" / "data"
CASES_FILE = DATA / "valuation" / "cases.json"
pytestmark = [
    pytest.mark.stores,
    pytest.mark.postgres,
    pytest.mark.shared,
    pytest.mark.skipif(not CASES_FILE.is_file(), reason="../shared/data/valuation is absent"),
]
NOW = datetime(2026, 8, 10, 12, tzinfo=UTC)


async def no_names(_: Collection[int]) -> dict[int, Name]:
    return {}


def computed_cases() -> list[dict[str, Any]]:
    return [case for case in json.loads(CASES_FILE.read_text())["cases"] if case["kind"] == "computed"]


def market_of(cases: Collection[Mapping[str, Any]]) -> dict[date, dict[int, float]]:
    """The given series; of a case with one price a type, that price on the day before."""
    market: dict[date, dict[int, float]] = {}
    for case in cases:
        before = date.fromisoformat(case["day"]) - timedelta(days=1)
        series = case.get("price_series") or {t: {before.isoformat(): p} for t, p in case["prices_used"].items()}
        for type_id, prices in series.items():
            for day, price in prices.items():
                market.setdefault(date.fromisoformat(day), {})[int(type_id)] = price
    return market


def bodies(cases: Collection[Mapping[str, Any]]) -> dict[int, Any]:
    """In a system of the small universe; their hashes do not cover it."""
    wanted = {case["killmail_id"] for case in cases}
    lines = gzip.decompress((DATA / "killmails" / "shrike-corpus.jsonl.gz").read_bytes()).splitlines()
    found = {entry["killmail_id"]: entry for entry in map(json.loads, lines)}
    return {i: {k: v for k, v in found[i].items() if k != "zkb"} | {"solar_system_id": 30000001} for i in wanted}


class Machine:
    """All handlers of values on real stores, with a market history at a file:// URL."""

    def __init__(self, archive: Archive, store: Database, market_url: str) -> None:
        self.archive, self.published = archive, RecordingPublisher()
        price_outbox, outbox = Outbox(store, "killmails"), Outbox(store, "backfill")
        days, static_data = MarketDays(store, price_outbox), StaticData(store, time.monotonic)
        upstream = instant_client("everef", ReqwestHttp("tests", follow_redirects=False))
        loader = MarketLoader(MarketHistory(market_url, upstream), days, lambda: NOW)
        self.prices = PriceHandler(loader, days, price_outbox, self.published, lambda: NOW)
        valuer = Valuer(DayPrices(MarketPrices(store), days, static_data, time.monotonic).vector, self.prices.want)
        delivery = Delivery(NameResolver((), no_names, NOW.timestamp), self.published)
        repository = KillmailRepository(store)
        self.killmails = KillmailHandler(archive, static_data, valuer, repository, delivery, delivery, lambda: NOW)
        self.valuations = ValuationHandler(
            archive, static_data, ValuationRepository(store, outbox), valuer, outbox, self.published, lambda: NOW
        )
        self.handled = 0

    async def ingest_live(self, body: Any) -> None:
        await self.killmails.handle(Event(KILLMAIL_INGESTED, "e", "tests", await self._reference(body), {}))

    async def ingest_batch(self, batch: Collection[Any]) -> None:
        lines = [(await self._reference(body)).model_dump_json(by_alias=True, exclude_none=True) for body in batch]
        key = f"chunks/{uuid4().hex}.jsonl.gz"
        await self.archive.put_once(key, gzip.compress("\n".join(lines).encode()))
        claim_check = KillmailChunk(chunk_key=key, count=len(lines), date=NOW.date())
        await self.killmails.handle(Event(KILLMAIL_INGESTED, "e", "tests", claim_check, {}))

    async def _reference(self, body: Any) -> KillmailReference:
        bundle = make_bundle(NOW.date(), [json.dumps(body).encode()])
        await self.archive.put_once(bundle.object_key, bundle.body)
        return KillmailReference(
            killmail_id=body["killmail_id"], zkb_hash="a" * 40, killmail_time=body["killmail_time"],
            system_id=30000001, zkb_url="https://zkillboard.com/", archive_key=str(bundle.keys[0]),
        )  # fmt: skip

    async def deliver(self) -> None:
        """Deliver published events about prices until none is left."""
        while self.handled < len(self.published.messages):
            message = self.published.messages[self.handled]
            self.handled += 1
            if message.headers["ce-type"] == PRICES_REQUESTED.name:
                requested = PricesRequested.model_validate_json(message.body)
                await self.prices.handle(Event(PRICES_REQUESTED, message.headers["ce-id"], "tests", requested, {}))
            if message.headers["ce-type"] == PRICES_DAY_LOADED.name:
                loaded = PricesDayLoaded.model_validate_json(message.body)
                await self.valuations.handle(Event(PRICES_DAY_LOADED, "e", "tests", loaded, {}))

    async def totals(self) -> dict[int, tuple[Decimal | None, ...]]:
        """Total, fitted, dropped and destroyed by the last event of each killmail."""
        totals: dict[int, tuple[Decimal | None, ...]] = {}
        for message in self.published.messages:
            if message.headers["ce-type"] != "com.battlescope.killmail.enriched.v1":
                continue
            lines = await lines_of(message.body, self.archive)
            for killmail in map(EnrichedKillmail.model_validate_json, lines):
                shown = (killmail.total_value, killmail.fitted_value, killmail.dropped_value, killmail.destroyed_value)
                totals[killmail.killmail_id] = shown
        return totals


@pytest.mark.parametrize("path", ["live", "batch"])
async def test_computed_cases_are_exact_by_both_paths_before_and_after_prices(
    path: str, archive: Archive, store: Database, static_data: str, tmp_path: Path
) -> None:
    assert static_data
    cases = computed_cases()
    machine = Machine(archive, store, write_market(tmp_path, market_of(cases)))
    expected = {
        case["killmail_id"]: tuple(
            Decimal(str(case["expected"][name])).quantize(Decimal("0.01"))
            for name in ("totalValue", "fittedValue", "droppedValue", "destroyedValue")
        )
        for case in cases
    }
    # The case is arithmetic only: its 3 units of type 12478 have a market price there, and are worthless by the rules.
    total, fitted, dropped, destroyed = expected[93963688]
    less = 3 * (Decimal("3814.21") - Decimal("0.01"))
    expected[93963688] = (total - less, fitted, dropped, destroyed - less)
    found = bodies(cases)
    for attempt in ("without prices", "with prices"):
        if path == "live":
            for body in found.values():
                await machine.ingest_live(body)
        else:
            await machine.ingest_batch(list(found.values()))
        if attempt == "without prices":
            assert set((await machine.totals()).values()) == {(None,) * 4}
            await machine.deliver()
        assert await machine.totals() == expected
        assert await machine.valuations.ready() == {"killmailsWithoutPrices": 0}
        async with store.connection() as connection:
            await connection.execute("TRUNCATE enriched_killmails")
