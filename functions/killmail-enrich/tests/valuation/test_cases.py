"""The 18 gathered cases: 14 with values of zKillboard, 4 computed with all prices given."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from price_vectors import DAY, market_price

from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.price_vector import PriceVector, TypePrice
from killmail_enrich.valuation.items import Item, read_items
from killmail_enrich.valuation.killmail_value import KillmailValue, item_prices, type_ids, value_of

DATA = Path(__file__).parents[5] / "shared" / "data"
CASES_FILE = DATA / "valuation" / "cases.json"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES_FILE.is_file(), reason="../shared/data/valuation is absent"),
]
CASES: list[dict[str, Any]] = json.loads(CASES_FILE.read_text())["cases"] if CASES_FILE.is_file() else []
ZKB = [case for case in CASES if case["kind"] == "zkb"]
COMPUTED = [case for case in CASES if case["kind"] == "computed"]
HULL_ONLY = {106140056: 26892, 131126432: 35834, 119271433: 670, 134398778: 11129}
FLAGS_FITTED = {*range(11, 35), *range(92, 99), *range(125, 133), *range(159, 164)}


def cents(amount: Any) -> int:
    return int((Decimal(str(amount)) * 100).to_integral_value(ROUND_HALF_UP))


@cache
def bodies() -> Mapping[int, Any]:
    """Bodies by killmail id, from every file that the cases name."""
    found: dict[int, Any] = {}
    for path in [*sorted((DATA / "killmails").glob("*.jsonl.gz")), *sorted((DATA / "fixtures").rglob("*.json"))]:
        texts = gzip.decompress(path.read_bytes()).splitlines() if path.suffix == ".gz" else [path.read_bytes()]
        for text in texts:
            for entry in _entries(json.loads(text)):
                found.setdefault(entry["killmail_id"], entry)
    return found


def _entries(value: Any) -> Iterator[Any]:
    """Everything in a fixture that looks like a killmail."""
    if isinstance(value, dict):
        if "victim" in value and "killmail_id" in value:
            yield value
        for part in value.values():
            yield from _entries(part)
    elif isinstance(value, list):
        for part in value:
            yield from _entries(part)


def items_of(case: dict[str, Any]) -> list[Item]:
    if "items" in case["body"]:
        entries = [
            {"item_type_id": e["type_id"], "flag": e["flag"], "quantity_dropped": e["dropped"],
             "quantity_destroyed": e["destroyed"], "singleton": e["singleton"]}
            for e in case["body"]["items"]
        ]  # fmt: skip
    else:
        entries = bodies()[case["killmail_id"]]["victim"].get("items", [])
    return read_items(Raw(json.dumps(entries).encode()))


def vector(prices: Mapping[int, int]) -> PriceVector:
    return PriceVector(DAY, DAY, {type_id: market_price(price) for type_id, price in prices.items()})


def valued(case: dict[str, Any], prices: Mapping[int, int]) -> KillmailValue:
    value = value_of(case["killmail_id"], case["hull_type_id"], items_of(case), vector(prices))
    assert value is not None
    return value


@pytest.mark.parametrize("case", ZKB, ids=lambda case: str(case["killmail_id"]))
def test_identities_of_zkillboard_hold_and_its_split_is_ours(case: dict[str, Any]) -> None:
    """With every price a power of its own, each of our sums shows exactly which entries it counts."""
    expected, items = case["expected"], items_of(case)
    if "droppedValue" in expected:
        assert cents(expected["totalValue"]) == cents(expected["droppedValue"]) + cents(expected["destroyedValue"])
    numbered = {
        type_id: 10 ** (9 * place) for place, type_id in enumerate(sorted(type_ids(case["hull_type_id"], items)))
    }
    pricing = {type_id: TypePrice(price, PriceRule.MARKET, 34, None, None, full_window=True)
               for type_id, price in numbered.items()}  # fmt: skip
    entries = list(item_prices(items, PriceVector(DAY, DAY, pricing)))
    ours = sum(e.cents for e in entries if e.depth == 0 and e.item.flag in FLAGS_FITTED)
    by_hand = sum(
        (item.dropped or 0) * price + (item.destroyed or 0) * price
        for item in items
        if item.flag in FLAGS_FITTED
        for price in [1 if item.singleton == 2 else numbered[item.type_id]]
    )
    assert ours == by_hand
    if expected["fittedValue"] == expected["totalValue"]:
        assert all(item.flag in FLAGS_FITTED or not item.count for item in items)


@pytest.mark.parametrize("case", [c for c in ZKB if c["killmail_id"] in HULL_ONLY], ids=lambda c: str(c["killmail_id"]))
def test_hull_without_items_is_exact(case: dict[str, Any]) -> None:
    expected, prices = case["expected"], {int(k): cents(v) for k, v in case["prices_derived"].items()}
    value = valued(case, prices)
    assert (value.total, value.fitted, value.dropped, value.destroyed) == tuple(
        cents(expected[name]) for name in ("totalValue", "fittedValue", "droppedValue", "destroyedValue")
    )


def test_hull_and_two_dropped_modules_are_exact() -> None:
    """119324952: service module and core drop, and both are outside of what is fitted."""
    (case,) = [case for case in ZKB if case["killmail_id"] == 119324952]
    dropped = cents(case["expected"]["droppedValue"])
    value = valued(case, {35832: cents(1018817626.04), 56201: dropped - 7, 35894: 7})
    assert (value.fitted, value.dropped, value.destroyed) == (cents(1018817626.04), dropped, cents(1018817626.04))
    assert value.total == cents(case["expected"]["totalValue"])


@pytest.mark.parametrize("killmail_id", [131501165, 132253134])
def test_only_the_hull_of_a_moon_drill_is_fitted(killmail_id: int) -> None:
    (case,) = [case for case in ZKB if case["killmail_id"] == killmail_id]
    prices = {int(k): cents(v) for k, v in case["prices_derived"].items()}
    assert valued(case, prices).fitted == cents(case["expected"]["fittedValue"])


def test_drones_and_cargo_are_all_that_is_not_fitted() -> None:
    """132461133: 8 drones and 880 charges are the difference of zKillboard's total and fitted value."""
    (case,) = [case for case in ZKB if case["killmail_id"] == 132461133]
    outside: Counter[int] = Counter()
    for item in items_of(case):
        if item.flag not in FLAGS_FITTED:
            outside[item.type_id] += item.count
    assert outside == {2456: 8, 185: 880}
    value = valued(case, {2456: 7, 185: 1000})
    assert value.total - value.fitted == 8 * 7 + 880 * 1000


@pytest.mark.parametrize("case", COMPUTED, ids=lambda case: str(case["killmail_id"]))
def test_computed_case_is_exact_to_the_cent(case: dict[str, Any]) -> None:
    value = valued(case, {int(type_id): cents(price) for type_id, price in case["prices_used"].items()})
    expected = case["expected"]
    assert (value.fitted, value.dropped, value.destroyed, value.total) == tuple(
        cents(expected[name]) for name in ("fittedValue", "droppedValue", "destroyedValue", "totalValue")
    )
    assert value.unpriced_count == len(case["unpriced"]) == 0
