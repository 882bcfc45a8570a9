"""ISK in whole hundredths, so that sums are exact and shares of a loss add up to the loss."""

from collections.abc import Mapping
from decimal import Decimal


def to_cents(value: float) -> int:
    return round(value * 100)


def decimal(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def prorate(amount: int, shares: Mapping[int, int]) -> dict[int, int]:
    """The amount in proportion to the shares; what rounding leaves over goes along in order of key."""
    total = sum(shares.values())
    given = before = 0
    parts: dict[int, int] = {}
    for key, share in sorted(shares.items()):
        before += share
        until = amount * before // total if total else 0
        parts[key], given = until - given, until
    return parts


def efficiency(destroyed: int, lost: int) -> float:
    """Destroyed of all that changed hands, 0 to 1; 0 where nothing did."""
    return round(destroyed / (destroyed + lost), 4) if destroyed + lost else 0.0
