"""What a killmail is worth by the prices of its day, in whole cents: sums are exact, and parts add up to the total."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Final, NamedTuple

from battlescope_schemas.enriched import MAX_UNPRICED, ValueConfidence
from battlescope_schemas.prices import PriceRule
from battlescope_schemas.ships.item_places import BLUEPRINT_COPY, IMPLANTS, is_worthless_at
from killmail_enrich.prices.price_vector import MIN_CENTS, PriceVector, TypePrice
from killmail_enrich.valuation.items import Item

RIGS: Final = frozenset(range(92, 99))
SUBSYSTEMS: Final = frozenset(range(125, 133))
_NEVER_DROPPABLE: Final = RIGS | SUBSYSTEMS
FITTED_FLAGS: Final = frozenset((*range(11, 35), *RIGS, *SUBSYSTEMS, *range(159, 164)))
"""Slots, rigs, subsystems and fighter tubes, as zKillboard counts: drones, implants, fuel and cores are outside."""
FIRST_DROPPABLE_ID: Final = 21_112_472  # zKillboard states no droppable value for older killmails
MAX_CENTS: Final = 10**16  # the columns hold less, as for the values of zKillboard
HIGH_PERCENT, MEDIUM_PERCENT = 95, 80


class KillmailValue(NamedTuple):
    """The computed value of a killmail, in cents.

    hull: the ship alone. fitted: the hull, and what was in its slots. total = dropped + destroyed; destroyed has the
    hull. droppable: what could have dropped. price_day: the last day of the market that counts; rules: the version of
    the rules. unpriced: the smallest ids of types without a price, of `unpriced_count`.
    """

    hull: int
    fitted: int
    dropped: int
    destroyed: int
    droppable: int
    price_day: date
    rules: int
    confidence: ValueConfidence
    unpriced: tuple[int, ...] = ()
    unpriced_count: int = 0

    @property
    def total(self) -> int:
        return self.dropped + self.destroyed


class Valuation(NamedTuple):
    """The value by a version of the rules; None for a killmail whose value no column holds.

    unit_prices: of its types, as `unit_prices.encode_unit_prices`; None where they are unknown.
    """

    value: KillmailValue | None
    rules: int
    unit_prices: str | None = None


Valuations = Mapping[int, Valuation]
"""By killmail id; a killmail without one waits for the prices of its day."""


class ItemPrice(NamedTuple):
    """One entry with the price that its units have at their place. depth: 0 at the top."""

    item: Item
    depth: int
    price: TypePrice
    reason: str = ""

    @property
    def cents(self) -> int:
        return self.price.cents * self.item.count


def type_ids(ship_type_id: int, items: Iterable[Item]) -> frozenset[int]:
    """Every type of a killmail that has a price."""
    found = {item.type_id for item in items}
    found.add(ship_type_id)
    found.update([entry.type_id for item in items if item.items for entry in _all(item.items)])
    found.discard(0)
    return frozenset(found)


def value_of(killmail_id: int, ship_type_id: int, items: Sequence[Item], prices: PriceVector) -> KillmailValue | None:
    """The value of a killmail; None where it is beyond what the columns hold."""
    pricing = _Pricing(prices)
    hull = fitted = destroyed = pricing.cents(ship_type_id, 1) if ship_type_id else 0
    dropped = droppable = 0
    for item in items:
        own = pricing.cents_of(item)
        cents = own + sum(map(pricing.cents_of, _all(item.items))) if item.items else own
        dropped_cents = _dropped_share(item, cents) if item.dropped else 0
        dropped += dropped_cents
        destroyed += cents - dropped_cents
        flag = item.flag
        if flag in FITTED_FLAGS:
            fitted += own
        if flag not in _NEVER_DROPPABLE:
            droppable += cents
    total = dropped + destroyed
    if total >= MAX_CENTS:
        return None
    return KillmailValue(
        hull,
        fitted,
        dropped,
        destroyed,
        droppable if killmail_id >= FIRST_DROPPABLE_ID else 0,
        prices.price_day,
        prices.rules,
        _confidence(pricing.sure_cents, total),
        tuple(sorted(pricing.unpriced)[:MAX_UNPRICED]),
        len(pricing.unpriced),
    )


class _Pricing:
    """Prices the entries of one killmail; sums up how much has a sure price, and collects the types without one."""

    def __init__(self, prices: PriceVector) -> None:
        self._quote = prices.quote
        self.sure_cents = 0
        self.unpriced: set[int] = set()

    def cents_of(self, item: Item) -> int:
        """What the units of an entry are worth, without their contents; type 0 is no type."""
        count = (item.dropped or 0) + (item.destroyed or 0)
        if not item.type_id or not count:
            return 0
        may_be_worthless = item.flag >= IMPLANTS or item.singleton == BLUEPRINT_COPY  # spares most of the calls
        if may_be_worthless and _is_worthless(item):
            self.sure_cents += MIN_CENTS * count
            return MIN_CENTS * count
        return self.cents(item.type_id, count)

    def cents(self, type_id: int, count: int) -> int:
        quote = self._quote(type_id)
        cents = quote.cents * count
        if quote.is_sure:
            self.sure_cents += cents
        elif quote.is_unpriced:
            self.unpriced.add(type_id)
        return cents


def item_prices(items: Iterable[Item], prices: PriceVector, depth: int = 0) -> Iterator[ItemPrice]:
    """Every entry with its price, containers before their contents; the sums are those of `value_of`."""
    for item in items:
        if item.type_id:
            yield _item_price(item, prices, depth)
        yield from item_prices(item.items or (), prices, depth + 1)


def _item_price(item: Item, prices: PriceVector, depth: int) -> ItemPrice:
    if _is_worthless(item):
        reason = "copy" if item.singleton == BLUEPRINT_COPY else "escape bay" if item.flag != IMPLANTS else "implant"
        return ItemPrice(item, depth, TypePrice(MIN_CENTS, PriceRule.WORTHLESS, full_window=True), reason)
    return ItemPrice(item, depth, prices.price(item.type_id))


def _is_worthless(item: Item) -> bool:
    """By its place, whatever the market says of its type."""
    return is_worthless_at(item.type_id, item.flag, is_copy=item.singleton == BLUEPRINT_COPY)


def _dropped_share(item: Item, cents: int) -> int:
    """What dropped of an entry and its contents, which follow their container; the rest was destroyed."""
    if not item.dropped:
        return 0
    if not item.destroyed:
        return cents
    return cents * item.dropped // (item.dropped + item.destroyed)


def _confidence(sure: int, total: int) -> ValueConfidence:
    if sure * 100 >= total * HIGH_PERCENT:
        return ValueConfidence.HIGH
    return ValueConfidence.MEDIUM if sure * 100 >= total * MEDIUM_PERCENT else ValueConfidence.LOW


def _with_contents(item: Item) -> Iterator[Item]:
    yield item
    yield from _all(item.items or ())


def _all(items: Iterable[Item]) -> Iterator[Item]:
    return chain.from_iterable(_with_contents(item) for item in items)
