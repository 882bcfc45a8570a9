"""Prices of item types on one UTC day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from battlescope_schemas.prices import PriceRule

VALUATION_RULES: Final = 1  # version; a change of a rule or of a fixed price increments it
MIN_CENTS: Final = 1  # zKillboard's price of what has no usable market


class TypePrice(NamedTuple):
    """The price of one unit of a type.

    cents: hundredths of an ISK.
    records: recorded days of the market behind the price; 0 where no market was used, the fewest of its materials for
        a build cost.
    first_day, last_day: the first and the last of these days; None without one.
    full_window: whether the price is as sure as the rules can make it: a fixed one, or one of a full window of records
        of The Forge. A build cost has one if all its materials have.
    anachronistic: a build cost by today's blueprints for a day before the industry changed.
    """

    cents: int
    rule: PriceRule
    records: int = 0
    first_day: date | None = None
    last_day: date | None = None
    full_window: bool = False
    anachronistic: bool = False


UNPRICED: Final = TypePrice(MIN_CENTS, PriceRule.UNPRICED)


@dataclass(frozen=True, slots=True)
class PriceVector:
    """Prices of the types that were asked for; immutable.

    day: of the killmails that it values.
    price_day: the last day of the market that it uses, before `day`.
    rules: the version of the valuation rules.
    """

    day: date
    price_day: date
    prices: Mapping[int, TypePrice]
    rules: int = VALUATION_RULES

    def price(self, type_id: int) -> TypePrice:
        """The price of a type; never raises. A type without one costs `MIN_CENTS` and is UNPRICED."""
        return self.prices.get(type_id, UNPRICED)
