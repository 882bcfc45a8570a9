"""From files of a source to vectors of prices, on a real database."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from market_files import write_market

from battlescope_events.catalog import PRICES_DAY_LOADED, PRICES_REQUESTED
from battlescope_events.messages import Event, Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_local.testing.upstreams import instant_client
from battlescope_schemas.prices import PricesDayLoaded, PricesRequested
from killmail_enrich.handlers.prices import FILES_PER_EVENT, PriceHandler
from killmail_enrich.market.day_prices import DayPrices
from killmail_enrich.market.loader import MarketLoader
from killmail_enrich.market.source import MarketHistory
from killmail_enrich.persistence.market_days import MarketDays, UnpricedDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.prices.price_vector import PriceRule
from killmail_enrich.static_data.repository import StaticData

pytestmark = pytest.mark.usefixtures("static_data")
DAY = date(2026, 7, 31)  # of the killmails
RIFTER, ASTRAHUS = 587, 35832


@dataclass
class Market:
    """The parts of the function around one source, on one database; the clock stands still until a test moves it."""

    store: Database
    url: str
    now: datetime = datetime(2026, 8, 10, 12, tzinfo=UTC)
    published: list[Message] = field(default_factory=list[Message])

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.store, "killmails")
        self.days = MarketDays(self.store, self.outbox)
        upstream = instant_client("everef", httpx2.AsyncClient(headers={"User-Agent": "tests"}))
        loader = MarketLoader(MarketHistory(self.url, upstream), self.days, lambda: self.now)
        self.handler = PriceHandler(loader, self.days, self.outbox, self.publish, lambda: self.now)

    async def publish(self, messages: Sequence[Message]) -> None:
        self.published += messages

    @property
    def prices(self) -> DayPrices:
        return DayPrices(MarketPrices(self.store), self.days, StaticData(self.store, time.monotonic), time.monotonic)

    async def want(self, *days: date) -> None:
        async with self.store.transaction() as connection:
            await UnpricedDays(self.outbox, lambda: self.now).add(connection, days)
        await self.outbox.flush(self.publish)

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
def make_market(store: Database) -> Callable[[str], Market]:
    return lambda url: Market(store, url)


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
    vector = await market.prices.vector(DAY, [RIFTER, ASTRAHUS])
    assert vector is not None
    # Prices rise by one a day, so the trimmed mean of 34 days lies in their middle.
    price = vector.price(RIFTER)
    assert (price.cents, price.rule, price.records, price.full_window) == (11_750, PriceRule.MARKET, 34, True)
    assert (price.first_day, price.last_day) == (DAY - timedelta(days=34), DAY - timedelta(days=1))
    assert vector.price(ASTRAHUS).rule is PriceRule.UNPRICED
