"""Which of two values is shown."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from battlescope_schemas.enriched import ValueConfidence
from battlescope_schemas.killmail import NO_ZKB_VALUES, ZkbValues
from killmail_enrich.valuation.killmail_value import KillmailValue
from killmail_enrich.valuation.shown_value import NO_VALUE, is_far_off, is_refused, shown_value

COMPUTED = KillmailValue(100, 200, 300, 700, 400, date(2026, 10, 31), 1, ValueConfidence.HIGH)


def zkb(*values: Any) -> ZkbValues:
    return ZkbValues(*(None if value is None else Decimal(str(value)) for value in values))


def test_value_of_zkillboard_is_shown_with_its_parts() -> None:
    shown = shown_value(zkb(50, 20, 10, 40), COMPUTED)
    assert shown == ("zkb", 50, 20, 10, 40)
    assert shown_value(zkb(50, 20, 10, 40), None) == shown


def test_without_zkillboard_the_computed_value_is_shown() -> None:
    assert shown_value(NO_ZKB_VALUES, COMPUTED) == ("computed", 10, 2, 3, 7)
    assert shown_value(NO_ZKB_VALUES, None) == NO_VALUE


@pytest.mark.parametrize("values", [(None, 1, 1, 1), (0, 0, 0, 0), (0,), (50, 20, 10, 38.99), (50, 20, 10, 41.01)])
def test_refused_value_leaves_the_computed_one(values: tuple[Any, ...]) -> None:
    assert is_refused(zkb(*values))
    assert shown_value(zkb(*values), COMPUTED).source == "computed"
    assert shown_value(zkb(*values), None) == NO_VALUE


def test_parts_may_differ_from_the_total_by_one_isk() -> None:
    assert shown_value(zkb(50, 20, 10, 39), COMPUTED) == ("zkb", 50, 20, 10, 39)


def test_nothing_without_a_hull_may_be_worth_nothing() -> None:
    assert shown_value(zkb(0), None, has_hull=False) == ("zkb", 0, None, None, None)


def test_old_block_is_divided_in_the_computed_ratio() -> None:
    assert shown_value(zkb(50, 20), COMPUTED) == ("zkb", 50, 20, 15, 35)
    assert shown_value(zkb(50), COMPUTED) == ("zkb", 50, 10, 15, 35)
    assert shown_value(zkb("33.33", None), COMPUTED)[3:] == (Decimal("9.99"), Decimal("23.34"))
    assert shown_value(zkb(50, 20), None) == ("zkb", 50, 20, None, None)


@pytest.mark.parametrize(
    ("total", "is_sample"),
    [(None, False), (10, False), (100_000_020, True), (99_999_999, False), (100_000_010.01, True)],
)
def test_sample_for_calibration_needs_a_factor_and_an_amount(total: Any, *, is_sample: bool) -> None:
    assert is_far_off(zkb(total), COMPUTED) == is_sample


def test_less_than_a_factor_of_two_is_no_sample() -> None:
    dear = COMPUTED._replace(destroyed=10**12)
    assert not is_far_off(zkb(6 * 10**9), dear)
    assert is_far_off(zkb(4 * 10**9), dear)
