"""What it costs to build a type: the materials of its blueprint at their prices of the day."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.market_price import rounded_ratio
from killmail_enrich.prices.price_vector import MIN_CENTS, TypePrice

MAX_DEPTH: Final = 4  # of parts that are built because they have no price
INDUSTRY_CHANGE: Final = date(2021, 5, 1)  # during the month before, materials of capital ships changed
_SAVED_TENTHS: Final = 1  # of the materials: what researched blueprints and structures usually save
_TENTHS: Final = 10
_MaterialPrice = Callable[[int], TypePrice]


class Blueprint(NamedTuple):
    """The materials of one run, which makes `batch` units; quantities by type.

    is_exact: no material is saved. bought: materials that are never built, because they are made of the product.
    """

    batch: int
    materials: Mapping[int, int]
    is_exact: bool = False
    bought: frozenset[int] = frozenset()

    def needed(self, quantity: int) -> int:
        """The material that a run takes of a quantity that the blueprint lists."""
        return quantity if self.is_exact else max(1, -(-quantity * (_TENTHS - _SAVED_TENTHS) // _TENTHS))


Blueprints = Mapping[int, Blueprint]  # by product


def build_cost(blueprint: Blueprint, day: date, price: _MaterialPrice) -> TypePrice | None:
    """The materials at their prices per unit, rounded half up; None where no material has a price.

    Materials without a price count `MIN_CENTS`, and leave the window not full.
    """
    parts = {type_id: price(type_id) for type_id in blueprint.materials}
    priced = [part for part in parts.values() if part.rule is not PriceRule.UNPRICED]
    if not priced:
        return None
    cents = sum(blueprint.needed(quantity) * parts[type_id].cents for type_id, quantity in blueprint.materials.items())
    traded = [part for part in priced if part.records]
    is_anachronistic = day < INDUSTRY_CHANGE
    return TypePrice(
        max(MIN_CENTS, rounded_ratio(cents, blueprint.batch)),
        PriceRule.BUILD_COST,
        min((part.records for part in traded), default=0),
        min((part.first_day for part in traded if part.first_day), default=None),
        max((part.last_day for part in traded if part.last_day), default=None),
        all(part.full_window for part in parts.values()) and not is_anachronistic,
        is_anachronistic,
    )


def without_cycles(blueprints: Blueprints) -> Blueprints:
    """The blueprints, with `bought` wherever following materials would lead back to the product."""
    component = _components(blueprints)
    return {
        product: blueprint._replace(
            bought=frozenset(part for part in blueprint.materials if component.get(part) == component[product])
        )
        for product, blueprint in blueprints.items()
    }


def _components(blueprints: Blueprints) -> dict[int, int]:
    """The strongly connected component of each product, by Tarjan's algorithm with a stack of its own."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    component: dict[int, int] = {}
    open_products: list[int] = []
    for root in blueprints:
        steps = [(root, iter(blueprints[root].materials))] if root not in order else []
        while steps:
            product, parts = steps[-1]
            if product not in order:
                order[product] = lowest[product] = len(order)
                open_products.append(product)
            if (part := next((part for part in parts if part in blueprints and part not in component), None)) is None:
                steps.pop()
                _close(product, order, lowest, component, open_products)
                if steps:
                    lowest[steps[-1][0]] = min(lowest[steps[-1][0]], lowest[product])
            elif part in order:
                lowest[product] = min(lowest[product], order[part])
            else:
                steps.append((part, iter(blueprints[part].materials)))
    return component


def _close(
    product: int, order: dict[int, int], lowest: dict[int, int], component: dict[int, int], open_products: list[int]
) -> None:
    """Name the component that begins with `product`, if one does."""
    if lowest[product] != order[product]:
        return
    while product not in component:
        component[open_products.pop()] = product


def with_materials(type_ids: Iterable[int], blueprints: Blueprints) -> Collection[int]:
    """The types with everything that their build cost may need."""
    reached = set(type_ids)
    newest = reached
    for _ in range(MAX_DEPTH):
        newest = {part for type_id in newest if type_id in blueprints for part in blueprints[type_id].materials}
        newest -= reached
        reached |= newest
    return reached
