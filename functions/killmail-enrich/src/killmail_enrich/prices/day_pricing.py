"""The price of any type on one day, by the first rule that gives one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.build_cost import MAX_DEPTH, Blueprints, build_cost
from killmail_enrich.prices.fixed_prices import FixedPrices, price_on
from killmail_enrich.prices.market_price import market_price
from killmail_enrich.prices.price_vector import MIN_CENTS, UNPRICED, PriceVector, TypePrice

THE_FORGE: Final = 10000002
DOMAIN, SINQ_LAISON, HEIMATAR, METROPOLIS = 10000043, 10000032, 10000030, 10000042
OTHER_REGIONS: Final = (DOMAIN, SINQ_LAISON, HEIMATAR, METROPOLIS)
PLEX: Final = 44992
PLEX_REGION: Final = 19000001  # all regions trade PLEX in one market, which has a region of its own
TITANS, SUPERCARRIERS = 30, 659
STRUCTURE_MODULES: Final = 66  # category of modules and rigs of structures
_BUILT_GROUPS: Final = frozenset({TITANS, SUPERCARRIERS})
_BETTER_BUILT: Final = frozenset({PriceRule.UNPRICED, PriceRule.OTHER_REGION, PriceRule.FIXED})
_WORTHLESS: Final = TypePrice(MIN_CENTS, PriceRule.WORTHLESS, full_window=True)

RegionYears = Mapping[int, Mapping[int, bytes]]  # series by region and calendar year
_NO_YEARS: Final[Mapping[int, bytes]] = {}
_NO_REGIONS: Final[RegionYears] = {}


class TypeGroup(NamedTuple):
    group_id: int
    category_id: int | None


_UNKNOWN_GROUP: Final = TypeGroup(0, None)


@dataclass(slots=True)
class DayPricing:
    """Computes prices of one day; remembers what it has computed.

    series: market prices by type. groups: what the static data has of each type. blueprints: `without_cycles`,
    with those of `FixedPrices.assembled`.
    """

    day: date
    price_day: date
    series: Mapping[int, RegionYears]
    groups: Mapping[int, TypeGroup]
    blueprints: Blueprints
    fixed: FixedPrices
    _computed: dict[tuple[int, int], TypePrice] = field(default_factory=dict[tuple[int, int], TypePrice])

    def vector(self, type_ids: Collection[int]) -> PriceVector:
        return PriceVector(self.day, self.price_day, {type_id: self.price(type_id) for type_id in type_ids})

    def price(self, type_id: int) -> TypePrice:
        return self._price(type_id, 0)

    def _price(self, type_id: int, depth: int) -> TypePrice:
        """depth: of the parts of parts whose price this is; it decides how far parts are built."""
        key = (type_id, depth)
        if key not in self._computed:
            self._computed[key] = self._first_price(type_id, depth)
        return self._computed[key]

    def _first_price(self, type_id: int, depth: int) -> TypePrice:
        group = self.groups.get(type_id, _UNKNOWN_GROUP)
        if group.category_id in self.fixed.worthless_categories or type_id in self.fixed.worthless_types:
            return _WORTHLESS
        if (fixed := self._fixed(type_id, group)) is not None:
            return fixed
        if group.group_id in _BUILT_GROUPS or group.category_id == STRUCTURE_MODULES:
            return self._built(type_id, depth) or self._hull_without_blueprint(group)
        return self._traded(type_id) or self._built(type_id, depth) or self._traded_elsewhere(type_id)

    def _fixed(self, type_id: int, group: TypeGroup) -> TypePrice | None:
        cents = price_on(self.fixed.types, type_id, self.day) or price_on(self.fixed.groups, group.group_id, self.day)
        return None if cents is None else TypePrice(cents, PriceRule.FIXED, full_window=True)

    def _traded(self, type_id: int) -> TypePrice | None:
        years = self.series.get(type_id, _NO_REGIONS).get(THE_FORGE, _NO_YEARS)
        return market_price(years, self.day, self.price_day, PriceRule.MARKET)

    def _traded_elsewhere(self, type_id: int) -> TypePrice:
        """The cheapest of the other regions. Only PLEX can be sure: it has one market, elsewhere than others."""
        regions = self.series.get(type_id, _NO_REGIONS)
        wanted = (PLEX_REGION,) if type_id == PLEX else OTHER_REGIONS
        prices = [
            price
            for region in wanted
            if (price := market_price(regions.get(region, _NO_YEARS), self.day, self.price_day, PriceRule.OTHER_REGION))
        ]
        if not prices:
            return UNPRICED
        cheapest = min(prices, key=lambda price: price.cents)
        return cheapest if type_id == PLEX else cheapest._replace(full_window=False)

    def _hull_without_blueprint(self, group: TypeGroup) -> TypePrice:
        cents = price_on(self.fixed.hulls_without_blueprint, group.group_id, self.day)
        return UNPRICED if cents is None else TypePrice(cents, PriceRule.FIXED)

    def _built(self, type_id: int, depth: int) -> TypePrice | None:
        blueprint = self.blueprints.get(type_id)
        if blueprint is None or depth >= MAX_DEPTH:
            return None
        return build_cost(
            blueprint, self.day, lambda part: self._price(part, MAX_DEPTH if part in blueprint.bought else depth + 1)
        )


def may_be_built(price: TypePrice) -> bool:
    """Whether a price that was computed without blueprints may be another one with them."""
    return not price.full_window and price.rule in _BETTER_BUILT


def kept_prices(forge: Mapping[int, int], others: Mapping[tuple[int, int], int]) -> dict[tuple[int, int], int]:
    """What is stored of a day: The Forge, PLEX, and of other regions what The Forge did not trade on that day.

    A price of another region counts only where The Forge has no record in a year, so the others are never read. Keys
    are type and region; the choice depends on this day alone, so it is the same in whatever order days are loaded.
    """
    kept = {(type_id, THE_FORGE): cents for type_id, cents in forge.items()}
    for (type_id, region_id), cents in others.items():
        region_counts = region_id == PLEX_REGION if type_id == PLEX else region_id in OTHER_REGIONS
        if region_counts and type_id not in forge:
            kept[type_id, region_id] = cents
    return kept
