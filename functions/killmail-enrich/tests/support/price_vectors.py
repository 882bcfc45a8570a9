"""Price vectors for tests: every type has a sure price unless stated otherwise."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.price_vector import PriceVector, TypePrice

DAY = date(2026, 11, 1)


def market_price(cents: int, day: date = DAY) -> TypePrice:
    """Of a full window that ends the day before."""
    return TypePrice(cents, PriceRule.MARKET, 34, day - timedelta(days=34), day - timedelta(days=1), full_window=True)


def price_vector(cents_by_type: Mapping[int, int], day: date = DAY, **others: TypePrice) -> PriceVector:
    prices = {type_id: market_price(cents, day) for type_id, cents in cents_by_type.items()}
    prices |= {int(type_id.strip("t")): price for type_id, price in others.items()}
    return PriceVector(day, day - timedelta(days=1), prices)


async def wanted_days(days: Collection[date]) -> None:
    """Nothing loads them."""


async def no_prices(day: date, type_ids: Collection[int]) -> None:
    """A price source before any day is loaded."""
