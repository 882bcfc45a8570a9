"""ISK in whole cents: sums are exact, and the shares of a loss add up to the loss."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

_CENT: Final = Decimal("0.01")
_ZERO: Final = 0 * _CENT


def to_cents(value: float) -> int:
    return round(value * 100)


def to_decimal(cents: int) -> Decimal:
    return cents * _CENT if cents else _ZERO  # most pilots lost nothing


def prorate(cents: int, shares: Mapping[int, int]) -> dict[int, int]:
    """Divide the amount in proportion to the shares. The parts add up to it: rounding remainders go in key order."""
    total = sum(shares.values())
    allotted = cumulative_share = 0
    parts: dict[int, int] = {}
    for key, share in sorted(shares.items()):
        cumulative_share += share
        cumulative = cents * cumulative_share // total if total else 0
        parts[key], allotted = cumulative - allotted, cumulative
    return parts


def efficiency(destroyed: int, lost: int) -> Decimal:
    """Destroyed ISK in percent of destroyed and lost ISK, with two decimals; 0 when both are 0."""
    share = round(destroyed / (destroyed + lost), 4) if destroyed + lost else 0.0
    return Decimal(str(round(100 * share, 2)))
