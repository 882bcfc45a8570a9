"""The `zkb` block that zKillboard adds: flags and labels by its rules, values estimated.

Values are no market prices: the base price of a hull comes from the catalogue or its group, that of an item from its
category. A factor between 0.5 and 1.5 that depends on the type makes them constant and of a realistic size.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from battlescope_upstream.catalogue import (
    CAPSULE_GROUP,
    ROOKIE_GROUP,
    SHIP_CATEGORY,
    SHUTTLE_GROUP,
    STRUCTURE_CATEGORY,
    catalogue,
)
from battlescope_upstream.content.reference_data import ReferenceData

# ISK by group, for hulls that are not in the catalogue: titan, supercarrier, carrier, dreadnought, freighter, jump
# freighter, marauder, black ops, strategic cruiser, battleship, heavy assault, cruiser, frigate, capsule.
_HULL_PRICE_BY_GROUP: Final[Mapping[int, int]] = {
    30: 90_000_000_000, 659: 25_000_000_000, 547: 2_500_000_000, 485: 3_500_000_000, 513: 1_900_000_000,
    902: 9_000_000_000, 900: 1_500_000_000, 898: 1_200_000_000, 963: 420_000_000, 27: 210_000_000,
    358: 220_000_000, 26: 12_000_000, 25: 900_000, 29: 10_000, 31: 12_000, 237: 10_000,
}  # fmt: skip
_PRICE_BY_CATEGORY: Final[Mapping[int, int]] = {
    6: 30_000_000, 7: 1_500_000, 8: 400, 18: 450_000, 20: 4_000_000, 22: 2_500_000, 32: 800_000, 65: 2_000_000_000,
    87: 9_000_000,
}  # fmt: skip
_DEFAULT_PRICE: Final = 8_000
_FITTED_FLAGS: Final = frozenset((*range(11, 35), 87, *range(92, 100), *range(125, 133), *range(158, 180)))
_FIRST_PLAYER_CHARACTER: Final = 4_000_000  # smaller ids are NPC characters
_FIRST_PLAYER_CORPORATION: Final = 2_000_000
_CONCORD: Final = 1_000_125
_CAPITAL_GROUPS: Final = frozenset((30, 485, 547, 659, 883, 1538))
_ATTACKER_COUNT_LABELS: Final = (
    (1000, "#:1000+"),
    (100, "#:100+"),
    (50, "#:50+"),
    (25, "#:25+"),
    (10, "#:10+"),
    (5, "#:5+"),
    (2, "#:2+"),
)
_ISK_LABELS: Final = ((1e12, "isk:1t+"), (1e11, "isk:100b+"), (1e10, "isk:10b+"), (5e9, "isk:5b+"), (1e9, "isk:1b+"))
_TIME_ZONE_LABELS: Final = ((4, "tz:use"), (8, "tz:usw"), (14, "tz:au"), (16, "tz:ru"), (22, "tz:eu"), (24, "tz:use"))
_MIN_HIGHSEC_SECURITY: Final = 0.45
_REGION_ZARZAKH: Final = 10_001_000
_REGION_POCHVEN: Final = 10_000_070
_REGIONS_WORMHOLES: Final = range(11_000_000, 12_000_000)
_REGIONS_ABYSSAL: Final = range(12_000_000, 13_000_000)
_REGION_DRIFTERS: Final = 11_000_033


def estimate_price(reference: ReferenceData, type_id: int) -> float:
    """ISK for one unit of the type."""
    item_type = catalogue().types.get(type_id)
    group = reference.type_groups.get(type_id, 0)
    base_price = (
        (item_type.price if item_type else 0)
        or _HULL_PRICE_BY_GROUP.get(group)
        or _PRICE_BY_CATEGORY.get(reference.category_of(type_id))
    )
    return round((base_price or _DEFAULT_PRICE) * (0.5 + type_id * 7919 % 1000 / 1000), 2)


def build_zkb(body: Mapping[str, Any], killmail_hash: str, reference: ReferenceData, esi_url: str) -> dict[str, Any]:
    victim: Mapping[str, Any] = body["victim"]
    attackers: Sequence[Mapping[str, Any]] = body["attackers"]
    flags = _flags(victim, attackers, reference)
    values = _values(victim, reference)
    points = 1 if flags["npc"] else max(1, min(500, int(values["totalValue"] / 2e7) // len(attackers)))
    href = f"{esi_url}/killmails/{body['killmail_id']}/{killmail_hash}/"
    return {
        "locationID": body.get("moon_id", 40_000_000 + body["solar_system_id"] % 1_000_000),
        "hash": killmail_hash,
        **values,
        "points": points,
        **flags,
        "labels": list(_labels(body, flags, values["totalValue"], reference)),
        "attackerCount": len(attackers),
        "href": href,
    }


def _rounded(value: float) -> float:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _flatten_items(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every item with its effective flag: contents of a container count with the container's flag."""
    for item in items:
        yield item["flag"], item
        yield from ((item["flag"], inner) for _, inner in _flatten_items(item.get("items", ())))


def _values(victim: Mapping[str, Any], reference: ReferenceData) -> dict[str, float]:
    hull = estimate_price(reference, victim["ship_type_id"])
    fitted, dropped, destroyed = hull, 0.0, hull
    for flag, item in _flatten_items(victim.get("items", ())):
        unit_price = estimate_price(reference, item["item_type_id"])
        destroyed_value, dropped_value = (
            item.get(key, 0) * unit_price for key in ("quantity_destroyed", "quantity_dropped")
        )
        destroyed, dropped = destroyed + destroyed_value, dropped + dropped_value
        fitted += (destroyed_value + dropped_value) if flag in _FITTED_FLAGS else 0.0
    return {
        "fittedValue": _rounded(fitted),
        "droppedValue": _rounded(dropped),
        "destroyedValue": _rounded(destroyed),
        "totalValue": _rounded(dropped + destroyed),
        "totalDroppableValue": _rounded(dropped + destroyed - hull),
    }


def _flags(
    victim: Mapping[str, Any], attackers: Sequence[Mapping[str, Any]], reference: ReferenceData
) -> dict[str, bool]:
    group = reference.type_groups.get(victim["ship_type_id"], 0)
    pilots = [a for a in attackers if a.get("character_id", 0) >= _FIRST_PLAYER_CHARACTER]
    npc = not pilots and not any(a.get("corporation_id", 0) >= _FIRST_PLAYER_CORPORATION for a in attackers)
    has_structure_attacker = any(
        reference.category_of(a.get("ship_type_id", 0)) == STRUCTURE_CATEGORY for a in attackers
    )
    is_ship = reference.category_of(victim["ship_type_id"]) == SHIP_CATEGORY
    is_small_ship = group in {CAPSULE_GROUP, SHUTTLE_GROUP, ROOKIE_GROUP}
    killer = next((a.get("corporation_id", 0) for a in attackers if a["final_blow"]), 0)
    is_own_corporation = killer >= _FIRST_PLAYER_CORPORATION and killer == victim.get("corporation_id")
    return {
        "npc": npc,
        "solo": not npc and is_ship and not is_small_ship and len(pilots) == 1 and not has_structure_attacker,
        "awox": not npc and is_own_corporation and group not in {CAPSULE_GROUP, ROOKIE_GROUP},
    }


def _labels(
    body: Mapping[str, Any], flags: Mapping[str, bool], total: float, reference: ReferenceData
) -> Iterator[str]:
    attackers: Sequence[Mapping[str, Any]] = body["attackers"]
    ship = body["victim"]["ship_type_id"]
    hour = datetime.fromisoformat(body["killmail_time"]).hour
    yield next(label for end_hour, label in _TIME_ZONE_LABELS if hour < end_hour)
    yield f"cat:{reference.category_of(ship)}"
    if not flags["solo"]:
        yield next((label for minimum, label in _ATTACKER_COUNT_LABELS if len(attackers) >= minimum), "#:1")
    yield from (name for name, is_set in flags.items() if is_set)
    if not flags["npc"]:
        yield "pvp"
    if any(a.get("corporation_id") == _CONCORD for a in attackers):
        yield "concord"
    if reference.type_groups.get(ship) in _CAPITAL_GROUPS:
        yield "capital"
    if label := next((label for minimum, label in _ISK_LABELS if total >= minimum), None):
        yield label
    yield from _location_labels(body["solar_system_id"], reference)


def _location_labels(system_id: int, reference: ReferenceData) -> Iterator[str]:
    """The label of the security band; none for Pochven and Zarzakh."""
    system = reference.systems.get(system_id)
    if system is None or system.region_id in {_REGION_POCHVEN, _REGION_ZARZAKH}:
        return
    if system.region_id == _REGION_DRIFTERS:
        yield "loc:drifter"
    elif system.region_id in _REGIONS_WORMHOLES:
        yield "loc:w-space"
    elif system.region_id in _REGIONS_ABYSSAL:
        yield "loc:abyssal"
    elif system.security >= _MIN_HIGHSEC_SECURITY:
        yield "loc:highsec"
    else:
        yield "loc:lowsec" if system.security >= 0 else "loc:nullsec"
