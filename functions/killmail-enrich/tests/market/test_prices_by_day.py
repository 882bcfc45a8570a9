"""From files of a source to vectors of prices, on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import ClientSession
from market_files import price_file, row, write_market

from battlescope_events.catalog import PRICES_DAY_LOADED, PRICES_REQUESTED
from battlescope_events.messages import Event, Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.upstream.http import ExternalHttp, external_http
from battlescope_local.testing.upstreams import instant_client
from battlescope_schemas.prices import PriceRule, PricesDayLoaded, PricesRequested
from battlescope_upstream.testing import running_upstream
from killmail_enrich.handlers.prices import FILES_PER_EVENT, PriceHandler
from killmail_enrich.market.day_prices import DayPrices
from killmail_enrich.market.folder import read_price_folder
from killmail_enrich.market.loader import MarketLoader
from killmail_enrich.market.source import MarketHistory
from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.prices.price_file import MarketDay
from killmail_enrich.static_data.repository import StaticData

pytestmark = pytest.mark.usefixtures("static_data")
DAY = date(2026, 7, 31)  # of the killmails
RIFTER, ASTRAHUS = 587, 35832


@dataclass
class Market:
    """The parts of the function around one source, on one database; the clock stands still until a test moves it."""

    store: Database
    http: ExternalHttp
    url: str
    now: datetime = datetime(2026, 8, 10, 12, tzinfo=UTC)
    published: list[Message] = field(default_factory=list[Message])

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.store, "killmails")
        self.days = MarketDays(self.store, self.outbox)
        upstream = instant_client("everef", self.http, now=lambda: self.now)
        loader = MarketLoader(MarketHistory(self.url, upstream), self.days, lambda: self.now)
        self.handler = PriceHandler(loader, self.days, self.outbox, self.publish, lambda: self.now)

    async def publish(self, messages: Sequence[Message]) -> None:
        self.published += messages

    @property
    def prices(self) -> DayPrices:
        return DayPrices(MarketPrices(self.store), self.days, StaticData(self.store, time.monotonic), time.monotonic)

    async def want(self, *days: date) -> None:
        await self.handler.want(days)

    async def run(self) -> list[PricesDayLoaded]:
        """Process requests until none is published; the days that can be valued then."""
        loaded: list[PricesDayLoaded] = []
        while self.published:
            message = self.published.pop(0)
            if message.type == PRICES_REQUESTED.name:
                request = PricesRequested.model_validate_json(message.body)
                await self.handler.handle(Event(PRICES_REQUESTED, message.id, "test", request, {}))
            else:
                assert message.type == PRICES_DAY_LOADED.name
                loaded.append(PricesDayLoaded.model_validate_json(message.body))
        return loaded


def days_before(day: date, count: int) -> list[date]:
    return [day - timedelta(days=back) for back in range(count, 0, -1)]


@pytest.fixture
async def make_market(store: Database) -> AsyncIterator[Callable[[str], Market]]:
    async with external_http("tests") as http:
        yield lambda url: Market(store, http, url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "market"


async def test_wanted_day_is_loaded_in_parts_and_then_has_prices(
    folder: Path, make_market: Callable[[str], Market]
) -> None:
    count = 2 * FILES_PER_EVENT + 3
    url = write_market(folder, {day: {RIFTER: 100.0 + n} for n, day in enumerate(days_before(DAY, count))})
    market = make_market(url)
    assert await market.prices.vector(DAY, [RIFTER]) is None
    await market.want(DAY)
    assert (await market.handler.ready())["unpricedDays"] == 1
    (loaded,) = await market.run()
    assert (loaded.date, loaded.price_day) == (DAY, DAY - timedelta(days=1))
    assert await market.handler.ready() == {"unpricedDays": 0, "refusedMarketDays": 0, "failingPriceSources": 0}
    vector = await market.prices.vector(DAY, [RIFTER, ASTRAHUS, 0, 2**31, 2**62])
    assert vector is not None
    # Prices rise by one a day, so the trimmed mean of 34 days lies in their middle.
    price = vector.price(RIFTER)
    assert (price.cents, price.rule, price.records, price.full_window) == (11_750, PriceRule.MARKET, 34, True)
    assert (price.first_day, price.last_day) == (DAY - timedelta(days=34), DAY - timedelta(days=1))
    for type_id in (ASTRAHUS, 0, 2**31, 2**62):
        assert vector.price(type_id).rule is PriceRule.UNPRICED


async def test_killmail_that_is_stored_while_its_day_becomes_ready_is_in_time_for_the_news(
    folder: Path, make_market: Callable[[str], Market]
) -> None:
    """It does not wait for the transaction that ends the wait: what that publishes comes later anyway."""
    market = make_market(write_market(folder, {day: {RIFTER: 1.0} for day in days_before(DAY, 3)}))
    await market.want(DAY)
    async with market.days.transaction() as ending:
        assert await ending.wanted(DAY) is not None
        await ending.end_wait(DAY)
        async with asyncio.timeout(30):
            await market.want(DAY)
        assert len(market.published) == 1
    await market.want(DAY)
    assert len(market.published) == 2, "the day waits no more, so that a later killmail requests its prices again"
    assert [loaded.date for loaded in await market.run()] == [DAY]


async def test_day_that_waits_is_not_written_again(folder: Path, make_market: Callable[[str], Market]) -> None:
    """Each killmail of a day without prices asks for it; they would wait for each other's commits."""
    market = make_market(write_market(folder, {DAY: {RIFTER: 1.0}}))
    row_versions: list[list[object]] = []
    for _ in range(2):
        await asyncio.gather(*(market.want(DAY, DAY - timedelta(days=1)) for _ in range(20)))
        async with market.store.connection() as connection:
            row_versions.append(await connection.column("SELECT (day, ctid)::text FROM wanted_price_days ORDER BY day"))
    assert row_versions[0] == row_versions[1]
    assert len(market.published) == 2


async def test_rewritten_day_replaces_its_prices_and_loading_it_again_changes_nothing(
    folder: Path, make_market: Callable[[str], Market]
) -> None:
    days = days_before(DAY, 3)
    url = write_market(folder, {day: {RIFTER: 100.0, 35: 7.0} for day in days})
    market = make_market(url)
    await market.want(DAY)
    await market.run()
    before = await contents(market.store)
    write_market(
        folder, {day: {RIFTER: 100.0, 35: 7.0} for day in days[:2]} | {days[2]: {RIFTER: 400.0, 36: 1.0, 37: 1.0}}
    )
    market.now += timedelta(hours=7)
    await market.handler.request_due()
    await market.run()
    vector = await market.prices.vector(DAY, [RIFTER, 35])
    assert vector is not None
    assert [vector.price(RIFTER).cents, vector.price(35).records] == [20_000, 2]
    write_market(folder, {day: {RIFTER: 100.0, 35: 7.0} for day in days})
    market.now += timedelta(hours=7)
    await market.handler.request_due()
    await market.run()
    assert await contents(market.store) == before


async def contents(store: Database) -> list[object]:
    async with store.connection() as connection:
        return await connection.column("SELECT (type_id, region_id, year, prices)::text FROM market_prices ORDER BY 1")


@pytest.mark.parametrize("order", [1, -1], ids=["oldest first", "newest first"])
async def test_days_in_any_order_and_grouping_are_stored_alike(
    folder: Path, make_market: Callable[[str], Market], order: int
) -> None:
    """Over the end of a year; a type that only other regions trade, and days without it."""
    days = [date(2025, 12, 29) + timedelta(days=number) for number in range(6)]
    write_market(folder, {day: {RIFTER: 50.0 + day.day} for day in days})
    elsewhere = [row(RIFTER, 60.0), row(35, 9.0, 10000043), row(35, 8.0, 10000030), row(35, 1.0, 10000001)]
    (folder / f"2025/market-history-{days[1]}.csv.bz2").write_bytes(price_file(days[1], elsewhere))
    market = make_market(folder.as_uri())
    await market.handler.loader.refresh_listing()
    for group in (days[::order][:1], days[::order][1:4], days[::order][4:]):
        assert await market.handler.loader.load(group) == len(group)
    vector = await market.prices.vector(date(2026, 1, 4), [RIFTER, 35])
    history = read_price_folder(folder)
    in_memory = history.vector(date(2026, 1, 4), [RIFTER, 35], {}, {})
    assert vector == in_memory
    assert vector is not None
    assert vector.price(RIFTER)[:2] == (round((79 + 60 + 81 + 51 + 52 + 53) / 6 * 100), PriceRule.MARKET)
    assert vector.price(35)[:3] == (800, PriceRule.OTHER_REGION, 1)


@pytest.mark.parametrize("fault", ["market_away", "market_broken", "market_half", "market_wrong_columns", "html"])
async def test_prices_come_once_the_source_is_well_again(make_market: Callable[[str], Market], fault: str) -> None:
    """A failing source fails no event, and shows in the figures."""
    day = date(2026, 3, 8)  # after the simulated evening
    async with running_upstream(mails=5, speed="0", market_days=4) as url, ClientSession(url) as control:
        await control.post("/control/dials", json={fault: 1.0 if fault == "html" else True})
        market = make_market(f"{url}/everef/market-history")
        await market.want(day)
        loaded = await market.run()
        figures = await market.handler.ready()
        if fault == "market_half":  # of the newest day: the window ends before it
            assert [message.price_day for message in loaded] == [date(2026, 3, 6)]
            assert figures["refusedMarketDays"] == 1
            return
        assert loaded == []
        assert figures["unpricedDays"] == 1
        refused = 5 if fault in {"market_broken", "market_wrong_columns"} else 0
        assert (figures["refusedMarketDays"], figures["failingPriceSources"]) == (refused, 0 if refused else 1)
        assert await market.prices.vector(day, [RIFTER]) is None
        await control.post("/control/dials", json={fault: 0.0 if fault == "html" else False})
        market.now += timedelta(hours=2)
        await market.handler.request_due()
        assert [message.price_day for message in await market.run()] == [date(2026, 3, 7)]
        assert await market.handler.ready() == {"unpricedDays": 0, "refusedMarketDays": 0, "failingPriceSources": 0}
        assert await market.prices.vector(day, [RIFTER]) is not None


async def test_hulls_that_nobody_sells_cost_their_materials(folder: Path, make_market: Callable[[str], Market]) -> None:
    """The blueprint is that of the static data: 1,000 and 5 units, a tenth of them saved."""
    market = make_market(write_market(folder, {day: {34: 2.0, 35: 10.0} for day in days_before(DAY, 34)}))
    await market.want(DAY)
    await market.run()
    vector = await market.prices.vector(DAY, [ASTRAHUS])
    assert vector is not None
    price = vector.price(ASTRAHUS)
    assert (price.cents, price.rule, price.full_window) == (900 * 200 + 5 * 1_000, PriceRule.BUILD_COST, True)


async def test_slow_source_is_left_before_the_event_ends(folder: Path, make_market: Callable[[str], Market]) -> None:
    days = days_before(DAY, 5)
    market = make_market(write_market(folder, {day: {RIFTER: 1.0} for day in days}))
    await market.handler.loader.refresh_listing()
    read = market.handler.loader.source.load

    async def slow(day: date) -> MarketDay:
        market.now += timedelta(seconds=12)
        return await read(day)

    loader = replace(market.handler.loader, source=SimpleNamespace(load=slow))
    assert await loader.load(days) == 3
