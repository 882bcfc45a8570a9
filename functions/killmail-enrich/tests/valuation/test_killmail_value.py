"""Sums of a killmail: parts add up, order does not matter, every place counts."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from price_vectors import DAY, market_price, price_vector

from battlescope_schemas.enriched import ValueConfidence
from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.price_vector import PriceVector, TypePrice
from killmail_enrich.valuation.items import Item
from killmail_enrich.valuation.killmail_value import (
    FITTED_FLAGS,
    MAX_CENTS,
    KillmailValue,
    item_prices,
    type_ids,
    value_of,
)

KILLMAIL, HULL = 130_000_000, 587
FLAGS = st.sampled_from([5, 11, 34, 35, 87, 89, 90, 92, 98, 125, 132, 155, 159, 163, 164, 172, 179, 180])
QUANTITIES = st.none() | st.integers(0, 10**6)


def entries(contents: Any) -> Any:
    return st.builds(
        Item, st.integers(0, 12), FLAGS, QUANTITIES, QUANTITIES, st.sampled_from([0, 0, 0, 1, 2]),
        st.none() | st.lists(contents, max_size=4),
    )  # fmt: skip


LEAVES = st.builds(Item, st.integers(0, 12), FLAGS, QUANTITIES, QUANTITIES, st.sampled_from([0, 1, 2]))
ITEMS = st.lists(entries(entries(LEAVES)), max_size=8)
PRICES = st.dictionaries(st.integers(1, 10), st.integers(1, 10**9)).map(
    lambda prices: price_vector({HULL: 500, **prices})
)


def valued(items: list[Item], prices: PriceVector, killmail_id: int = KILLMAIL) -> KillmailValue:
    value = value_of(killmail_id, HULL, items, prices)
    assert value is not None
    return value


def amounts(value: KillmailValue) -> tuple[int, ...]:
    return value.fitted, value.dropped, value.destroyed, value.droppable


@given(ITEMS, PRICES)
def test_identities(items: list[Item], prices: PriceVector) -> None:
    value = valued(items, prices)
    assert value.total == value.dropped + value.destroyed
    assert value.total == value.hull + sum(entry.cents for entry in item_prices(items, prices))
    assert value.hull == 500 <= value.destroyed
    assert value.hull <= value.fitted <= value.total
    assert value.droppable <= value.total - value.hull
    assert type_ids(HULL, items) == {HULL} | {entry.item.type_id for entry in item_prices(items, prices)}


@given(ITEMS, PRICES, st.randoms(use_true_random=False))
def test_order_of_items_does_not_matter(items: list[Item], prices: PriceVector, shuffled: random.Random) -> None:
    mixed = items.copy()
    shuffled.shuffle(mixed)
    assert valued(mixed, prices) == valued(items, prices)


@given(ITEMS, ITEMS, PRICES)
def test_value_is_additive(first: list[Item], second: list[Item], prices: PriceVector) -> None:
    hull = amounts(valued([], prices))
    both = amounts(valued([*first, *second], prices))
    parts = zip(amounts(valued(first, prices)), amounts(valued(second, prices)), hull, strict=True)
    assert both == tuple(one + other - empty for one, other, empty in parts)


@given(ITEMS, PRICES, st.integers(2, 50))
def test_value_is_proportional_to_prices(items: list[Item], prices: PriceVector, factor: int) -> None:
    usual = [item for item in items if item.singleton != 2]
    if any(entry.price.rule is not PriceRule.MARKET for entry in item_prices(usual, prices)):
        return
    assume(valued(usual, prices).total * factor < MAX_CENTS)
    dearer = {type_id: price._replace(cents=price.cents * factor) for type_id, price in prices.prices.items()}
    more = valued(usual, PriceVector(prices.day, prices.price_day, dearer))
    assert (more.total, more.fitted) == (valued(usual, prices).total * factor, valued(usual, prices).fitted * factor)


@pytest.mark.parametrize("flag", [*range(200), -1, 2**40])
def test_every_flag_counts_and_few_are_fitted(flag: int) -> None:
    value = valued([Item(34, flag, dropped=3)], price_vector({HULL: 500, 34: 10}))
    cents = 3 if flag == 179 else 30
    is_fitted = 11 <= flag <= 34 or 92 <= flag <= 98 or 125 <= flag <= 132 or 159 <= flag <= 163
    is_droppable = not (92 <= flag <= 98 or 125 <= flag <= 132)
    assert is_fitted == (flag in FITTED_FLAGS)
    assert amounts(value) == (500 + cents * is_fitted, cents, 500, cents * is_droppable)


def test_contents_follow_their_container_and_are_never_fitted() -> None:
    contents = [Item(35, 5, dropped=4, items=[Item(36, 0, destroyed=1)])]
    prices = price_vector({HULL: 500, 34: 10, 35: 100, 36: 1000})
    assert amounts(valued([Item(34, 11, destroyed=1, items=contents)], prices)) == (510, 0, 1910, 1410)
    assert amounts(valued([Item(34, 90, dropped=1, items=contents)], prices)) == (500, 1410, 500, 1410)
    assert amounts(valued([Item(34, 90, items=contents)], prices)) == (500, 0, 1900, 1400)


def test_entry_with_both_quantities_is_divided_and_not_counted_twice() -> None:
    items = [Item(34, 5, dropped=1, destroyed=3, items=[Item(35, 0, destroyed=1)])]
    assert amounts(valued(items, price_vector({HULL: 500, 34: 10, 35: 101}))) == (500, 35, 606, 141)


@pytest.mark.parametrize(
    "item",
    [Item(34, 5, dropped=2, singleton=2), Item(34, 179, dropped=2), Item(33329, 89, destroyed=2),
     Item(34, 155, dropped=0, items=[Item(34, 5, destroyed=2, singleton=2)])],
)  # fmt: skip
def test_copies_escape_bay_and_given_implant_are_worthless(item: Item) -> None:
    value = valued([item], price_vector({HULL: 500, 34: 10**9, 33329: 10**9}))
    assert (value.total, value.confidence, value.unpriced_count) == (502, ValueConfidence.HIGH, 0)


def test_capsule_with_implants() -> None:
    capsule = TypePrice(1_000_000, PriceRule.FIXED, full_window=True)
    prices = price_vector({13209: 7_000_00}, t670=capsule)
    value = value_of(KILLMAIL, 670, [Item(13209, 89, destroyed=1)], prices)
    assert value is not None
    assert amounts(value) == (1_000_000, 0, 1_700_000, 700_000)


def test_no_droppable_value_for_the_oldest_killmails() -> None:
    prices, items = price_vector({HULL: 500, 34: 10}), [Item(34, 5, dropped=1)]
    assert [valued(items, prices, killmail_id).droppable for killmail_id in (21_112_471, 21_112_472)] == [0, 10]


def test_types_without_a_price_are_named_up_to_twenty_and_all_counted() -> None:
    items = [Item(type_id, 5, dropped=1) for type_id in range(1050, 1000, -1)] * 2
    value = valued(items, price_vector({HULL: 500}))
    assert (value.unpriced, value.unpriced_count) == (tuple(range(1001, 1021)), 50)
    assert value.total == 500 + 100


def test_unknown_hull_is_named_and_costs_a_cent() -> None:
    value = value_of(KILLMAIL, 999, [], price_vector({}))
    assert value is not None
    assert (value.total, value.unpriced, value.confidence) == (1, (999,), ValueConfidence.LOW)


@pytest.mark.parametrize(("sure", "confidence"), [(9500, "high"), (9499, "medium"), (8000, "medium"), (7999, "low")])
def test_confidence_is_the_share_of_the_total_with_a_sure_price(sure: int, confidence: str) -> None:
    thin = market_price(1)._replace(records=6, full_window=False)
    items = [Item(34, 5, dropped=sure), Item(35, 5, dropped=10_000 - sure)]
    value = value_of(KILLMAIL, 0, items, price_vector({34: 1}, t35=thin))
    assert value is not None
    assert value.confidence == confidence


@pytest.mark.parametrize(
    ("price", "confidence"),
    [
        (market_price(9), "high"),
        (market_price(9)._replace(first_day=DAY - timedelta(days=90)), "high"),
        (market_price(9)._replace(first_day=DAY - timedelta(days=91)), "low"),
        (market_price(9)._replace(rule=PriceRule.BUILD_COST), "high"),
        (market_price(9)._replace(full_window=False), "low"),
        (market_price(9)._replace(rule=PriceRule.OTHER_REGION, full_window=False), "low"),
        (TypePrice(9, PriceRule.FIXED, full_window=True), "high"),
        (TypePrice(9, PriceRule.FIXED), "low"),
        (TypePrice(9, PriceRule.BUILD_COST), "low"),
    ],
)
def test_confidence_of_one_price(price: TypePrice, confidence: str) -> None:
    value = value_of(KILLMAIL, 34, [], price_vector({}, t34=price))
    assert value is not None
    assert value.confidence == confidence


def test_value_beyond_the_columns_is_no_value() -> None:
    prices = price_vector({HULL: 500, 34: MAX_CENTS - 501})
    assert valued([Item(34, 5, dropped=1)], prices).total == MAX_CENTS - 1
    assert value_of(KILLMAIL, HULL, [Item(34, 5, dropped=1), Item(34, 5, dropped=1)], prices) is None


def test_day_and_rules_of_the_prices_are_kept() -> None:
    value = valued([], price_vector({HULL: 500}))
    assert (value.price_day, value.rules) == (date(2026, 10, 31), 1)
