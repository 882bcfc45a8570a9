"""Which rule prices a type."""

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.build_cost import MAX_DEPTH, Blueprint, with_materials, without_cycles
from killmail_enrich.prices.day_pricing import (
    DOMAIN,
    HEIMATAR,
    PLEX,
    PLEX_REGION,
    THE_FORGE,
    DayPricing,
    TypeGroup,
    kept_prices,
)
from killmail_enrich.prices.fixed_prices import load_fixed_prices
from killmail_enrich.prices.price_vector import UNPRICED
from killmail_enrich.prices.year_series import encode

DAY = date(2026, 7, 24)
HULL, PART, MINERAL, OTHER_MINERAL = 1001, 1002, 34, 35
Markets = Mapping[int, Mapping[int, int]]


def pricing(
    markets: Markets,
    groups: Mapping[int, TypeGroup] | None = None,
    blueprints: Mapping[int, Blueprint] | None = None,
    day: date = DAY,
) -> DayPricing:
    """Of markets with 34 days of one price for each type and region."""
    last = date(day.year, day.month, day.day).timetuple().tm_yday - 2
    series = {
        type_id: {region: {day.year: encode({last - n: cents for n in range(34)})} for region, cents in prices.items()}
        for type_id, prices in markets.items()
    }
    fixed = load_fixed_prices()
    built = without_cycles({**(blueprints or {}), **fixed.assembled})
    return DayPricing(day, date.fromordinal(day.toordinal() - 1), series, groups or {}, built, fixed)


def priced(prices: DayPricing, type_id: int) -> tuple[PriceRule, int]:
    price = prices.price(type_id)
    return price.rule, price.cents


def test_first_rule_that_gives_a_price_counts() -> None:
    forge = {THE_FORGE: 777}
    markets = {4: forge, 670: forge, 12478: forge, 88001: forge, 23773: forge, 37295: forge, HULL: forge}
    groups = {4: TypeGroup(1950, 91), 670: TypeGroup(29, 6), 23773: TypeGroup(30, 6), 37295: TypeGroup(1900, 66)}
    prices = pricing(markets, groups)
    assert priced(prices, 4) == (PriceRule.WORTHLESS, 1)
    assert priced(prices, 12478) == (PriceRule.WORTHLESS, 1)
    assert priced(prices, 670) == (PriceRule.FIXED, 1_000_000)
    assert priced(prices, 88001) == (PriceRule.MARKET, 777)  # fixed until June 2025 only
    assert priced(prices, HULL) == (PriceRule.MARKET, 777)
    # Never the market: a titan without blueprint, and a structure rig.
    assert prices.price(23773)[:2] == (147 * 10**11, PriceRule.FIXED)
    assert not prices.price(23773).full_window
    assert prices.price(37295) == UNPRICED
    assert pricing({}, groups, day=date(2024, 7, 24)).price(23773) == UNPRICED


def test_built_types_cost_their_materials() -> None:
    """Ten percent less of each, rounded up, at least one; per unit of the batch, rounded half up."""
    groups = {HULL: TypeGroup(659, 6)}
    markets = {HULL: {THE_FORGE: 1}, MINERAL: {THE_FORGE: 3}, OTHER_MINERAL: {THE_FORGE: 100}}
    prices = pricing(markets, groups, {HULL: Blueprint(2, {MINERAL: 11, OTHER_MINERAL: 1})})
    price = prices.price(HULL)
    assert (price.rule, price.cents) == (PriceRule.BUILD_COST, (10 * 3 + 1 * 100) // 2)
    assert (price.records, price.full_window, price.anachronistic) == (34, True, False)
    old = pricing(markets, groups, {HULL: Blueprint(1, {MINERAL: 1})}, day=date(2021, 4, 3)).price(HULL)
    assert (old.anachronistic, old.full_window) == (True, False)


def test_parts_without_a_price_are_built_and_others_are_bought() -> None:
    blueprints = {HULL: Blueprint(1, {PART: 1}), PART: Blueprint(1, {MINERAL: 1})}
    assert priced(pricing({MINERAL: {THE_FORGE: 5}}, None, blueprints), HULL) == (PriceRule.BUILD_COST, 5)
    bought = pricing({MINERAL: {THE_FORGE: 5}, PART: {THE_FORGE: 9}}, None, blueprints)
    assert priced(bought, HULL) == (PriceRule.BUILD_COST, 9)


def test_parts_are_built_to_a_depth_of_four() -> None:
    chain = {n: Blueprint(1, {n + 1: 1}) for n in range(1, 9)}
    for depth in range(1, 7):
        price = pricing({1 + depth: {THE_FORGE: 5}}, None, chain).price(1)
        assert price.rule is (PriceRule.BUILD_COST if depth <= MAX_DEPTH else PriceRule.UNPRICED), depth


def test_cycles_end_and_the_order_of_questions_does_not_matter() -> None:
    blueprints = {
        1: Blueprint(1, {2: 1, MINERAL: 1}),
        2: Blueprint(1, {1: 1, OTHER_MINERAL: 1}),
        3: Blueprint(1, {3: 1}),
    }
    markets = {MINERAL: {THE_FORGE: 100}, OTHER_MINERAL: {THE_FORGE: 10_000}}
    forward, backward = pricing(markets, None, blueprints), pricing(markets, None, blueprints)
    first = [forward.price(type_id) for type_id in (1, 2, 3)]
    second = [backward.price(type_id) for type_id in (3, 2, 1)][::-1]
    assert first == second
    assert [price.cents for price in first] == [100 + 1, 10_000 + 1, 1]
    assert [price.full_window for price in first] == [False, False, False]


@given(
    st.dictionaries(st.integers(1, 12), st.lists(st.integers(1, 14), min_size=1, max_size=4)),
    st.permutations(range(1, 13)),
)
def test_any_blueprints_give_prices_that_do_not_depend_on_the_order(
    parts: dict[int, list[int]], order: list[int]
) -> None:
    blueprints = {product: Blueprint(1, dict.fromkeys(materials, 3)) for product, materials in parts.items()}
    markets = {13: {THE_FORGE: 50}}
    prices = pricing(markets, None, blueprints)
    in_order = {type_id: prices.price(type_id) for type_id in order}
    assert in_order == {type_id: pricing(markets, None, blueprints).price(type_id) for type_id in range(1, 13)}
    # What is loaded for a type is enough for it.
    for type_id in range(1, 13):
        needed = with_materials([type_id], blueprints)
        few = {traded: prices for traded, prices in markets.items() if traded in needed}
        assert pricing(few, None, blueprints).price(type_id) == in_order[type_id]


@given(st.dictionaries(st.integers(1, 9), st.lists(st.integers(1, 10), min_size=1, max_size=3)))
def test_materials_that_are_made_of_the_product_are_bought(parts: dict[int, list[int]]) -> None:
    blueprints = {product: Blueprint(1, dict.fromkeys(materials, 1)) for product, materials in parts.items()}
    reached = {product: set(blueprint.materials) for product, blueprint in blueprints.items()}
    for _ in parts:
        reached = {p: {*rs, *(further for r in rs for further in reached.get(r, ()))} for p, rs in reached.items()}
    bought = {product: blueprint.bought for product, blueprint in without_cycles(blueprints).items()}
    expected = {p: {m for m in b.materials if m == p or p in reached.get(m, ())} for p, b in blueprints.items()}
    assert bought == expected


def test_other_regions_are_the_last_resort_and_never_sure() -> None:
    prices = pricing({HULL: {DOMAIN: 30, HEIMATAR: 20}, PART: {THE_FORGE: 90, DOMAIN: 1}, PLEX: {PLEX_REGION: 5}})
    assert prices.price(HULL)[:2] == (20, PriceRule.OTHER_REGION)
    assert not prices.price(HULL).full_window
    assert priced(prices, PART) == (PriceRule.MARKET, 90)
    assert prices.price(PLEX)[:2] == (5, PriceRule.OTHER_REGION)
    assert prices.price(PLEX).full_window


def test_customs_office_is_its_gantry_and_its_upgrade() -> None:
    markets = {3962: {THE_FORGE: 1_000}, **{part: {THE_FORGE: 10} for part in (2867, 2871, 2872, 2876)}}
    assert priced(pricing(markets), 2233) == (PriceRule.BUILD_COST, 1_000 + 4 * 8 * 10)


def test_other_regions_are_kept_where_the_forge_does_not_trade() -> None:
    others = {(1, DOMAIN): 5, (2, DOMAIN): 6, (2, 10000001): 7, (PLEX, PLEX_REGION): 8, (PLEX, DOMAIN): 9}
    assert kept_prices({1: 4}, others) == {(1, THE_FORGE): 4, (2, DOMAIN): 6, (PLEX, PLEX_REGION): 8}


@pytest.mark.parametrize("type_id", [0, -1, 2**40])
def test_any_id_has_a_price(type_id: int) -> None:
    assert pricing({}).vector([type_id]).price(type_id) == UNPRICED
    assert pricing({}).vector([]).price(type_id) == UNPRICED
