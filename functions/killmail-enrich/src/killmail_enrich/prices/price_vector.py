"""Prices of item types on one UTC day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

from msgspec.json import Encoder

from battlescope_schemas.prices import PriceRule

VALUATION_RULES: Final = 1  # version; a change of a rule or of a fixed price increments it
MIN_CENTS: Final = 1  # zKillboard's price of what has no usable market
RECENT: Final = timedelta(days=90)  # a full window of records that begins earlier is thin trade
_ENCODER: Final = Encoder()


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


class Quote(NamedTuple):
    """What the value of every killmail of a day takes from the price of a type.

    row: JSON of type id, cents, rule, records and the day of the last record, as the column `type_prices` holds it.
    """

    cents: int
    is_sure: bool
    is_unpriced: bool
    row: str


@dataclass(frozen=True, slots=True)
class PriceVector:
    """Prices of the types that were asked for; immutable.

    day: of the killmails that it values.
    price_day: the last day of the market that it uses, before `day`.
    rules: the version of the valuation rules.
    quotes: those that were asked for, which vectors of one day share: each type is on many killmails.
    """

    day: date
    price_day: date
    prices: Mapping[int, TypePrice]
    rules: int = VALUATION_RULES
    quotes: dict[int, Quote] = field(default_factory=dict[int, Quote], repr=False, compare=False)

    def price(self, type_id: int) -> TypePrice:
        """The price of a type; never raises. A type without one costs `MIN_CENTS` and is UNPRICED."""
        return self.prices.get(type_id, UNPRICED)

    def quote(self, type_id: int) -> Quote:
        """The price of a type as values take it; never raises."""
        quote = self.quotes.get(type_id)
        if quote is None:
            price = self.price(type_id)
            row = _ENCODER.encode((type_id, price.cents, price.rule, price.records, price.last_day)).decode()
            quote = Quote(price.cents, self.is_sure(price), price.rule is PriceRule.UNPRICED, row)
            if type_id in self.prices:  # the price of another type may be known later
                self.quotes[type_id] = quote
        return quote

    def is_sure(self, price: TypePrice) -> bool:
        """Whether a price is as sure as its rule can make it, and its records are recent."""
        return price.full_window and (price.first_day is None or price.first_day >= self.day - RECENT)
