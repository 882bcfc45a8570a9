"""The `zkb` block that zKillboard would add: its flags and labels by its rules, values by an estimate of our own.

Values are no market prices: a hull costs what the catalogue or its group says, an item what its category says, times
a factor between 0.5 and 1.5 that belongs to the type. So they are steady, of a realistic size, and never real.
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
from battlescope_upstream.content.reference_data import Reference

# ISK by group, for hulls the catalogue does not list: titan, supercarrier, carrier, dreadnought, freighter, jump
# freighter, marauder, black ops, strategic cruiser, battleship, heavy assault, cruiser, frigate, capsule.
_HULL_BY_GROUP: Final[Mapping[int, int]] = {
    30: 90_000_000_000, 659: 25_000_000_000, 547: 2_500_000_000, 485: 3_500_000_000, 513: 1_900_000_000,
    902: 9_000_000_000, 900: 1_500_000_000, 898: 1_200_000_000, 963: 420_000_000, 27: 210_000_000,
    358: 220_000_000, 26: 12_000_000, 25: 900_000, 29: 10_000, 31: 12_000, 237: 10_000,
}  # fmt: skip
_BY_CATEGORY: Final[Mapping[int, int]] = {
    6: 30_000_000, 7: 1_500_000, 8: 400, 18: 450_000, 20: 4_000_000, 22: 2_500_000, 32: 800_000, 65: 2_000_000_000,
    87: 9_000_000,
}  # fmt: skip
_OTHER: Final = 8_000
_FITTED_FLAGS: Final = frozenset((*range(11, 35), 87, *range(92, 100), *range(125, 133), *range(158, 180)))
_CHARACTERS_FROM: Final = 4_000_000  # below are NPC characters
_PLAYER_CORPORATIONS_FROM: Final = 2_000_000
_CONCORD: Final = 1_000_125
_CAPITAL_GROUPS: Final = frozenset((30, 485, 547, 659, 883, 1538))
_COUNTS: Final = (
    (1000, "#:1000+"),
    (100, "#:100+"),
    (50, "#:50+"),
    (25, "#:25+"),
    (10, "#:10+"),
    (5, "#:5+"),
    (2, "#:2+"),
)
_ISK: Final = ((1e12, "isk:1t+"), (1e11, "isk:100b+"), (1e10, "isk:10b+"), (5e9, "isk:5b+"), (1e9, "isk:1b+"))
_ZONES: Final = ((4, "tz:use"), (8, "tz:usw"), (14, "tz:au"), (16, "tz:ru"), (22, "tz:eu"), (24, "tz:use"))
_HIGHSEC: Final = 0.45
_REGION_ZARZAKH: Final = 10_001_000
_REGION_POCHVEN: Final = 10_000_070
_REGIONS_WORMHOLES: Final = range(11_000_000, 12_000_000)
_REGIONS_ABYSSAL: Final = range(12_000_000, 13_000_000)
_REGION_DRIFTERS: Final = 11_000_033


def price(reference: Reference, type_id: int) -> float:
    listed = catalogue().types.get(type_id)
    group = reference.type_groups.get(type_id, 0)
    base = (
        (listed.price if listed else 0) or _HULL_BY_GROUP.get(group) or _BY_CATEGORY.get(reference.category_of(type_id))
    )
    return round((base or _OTHER) * (0.5 + type_id * 7919 % 1000 / 1000), 2)


def make_zkb(body: Mapping[str, Any], killmail_hash: str, reference: Reference, esi_url: str) -> dict[str, Any]:
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


def _number(value: float) -> float:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _items(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every item with the flag that counts: what lies in a container counts where the container is."""
    for item in items:
        yield item["flag"], item
        yield from ((item["flag"], inner) for _, inner in _items(item.get("items", ())))


def _values(victim: Mapping[str, Any], reference: Reference) -> dict[str, float]:
    hull = price(reference, victim["ship_type_id"])
    fitted, dropped, destroyed = hull, 0.0, hull
    for flag, item in _items(victim.get("items", ())):
        each = price(reference, item["item_type_id"])
        gone, left = (item.get(key, 0) * each for key in ("quantity_destroyed", "quantity_dropped"))
        destroyed, dropped = destroyed + gone, dropped + left
        fitted += (gone + left) if flag in _FITTED_FLAGS else 0.0
    return {
        "fittedValue": _number(fitted),
        "droppedValue": _number(dropped),
        "destroyedValue": _number(destroyed),
        "totalValue": _number(dropped + destroyed),
        "totalDroppableValue": _number(dropped + destroyed - hull),
    }


def _flags(victim: Mapping[str, Any], attackers: Sequence[Mapping[str, Any]], reference: Reference) -> dict[str, bool]:
    group = reference.type_groups.get(victim["ship_type_id"], 0)
    pilots = [a for a in attackers if a.get("character_id", 0) >= _CHARACTERS_FROM]
    npc = not pilots and not any(a.get("corporation_id", 0) >= _PLAYER_CORPORATIONS_FROM for a in attackers)
    structures = any(reference.category_of(a.get("ship_type_id", 0)) == STRUCTURE_CATEGORY for a in attackers)
    ship = reference.category_of(victim["ship_type_id"]) == SHIP_CATEGORY
    small = group in {CAPSULE_GROUP, SHUTTLE_GROUP, ROOKIE_GROUP}
    final = next((a.get("corporation_id", 0) for a in attackers if a["final_blow"]), 0)
    own = final >= _PLAYER_CORPORATIONS_FROM and final == victim.get("corporation_id")
    return {
        "npc": npc,
        "solo": not npc and ship and not small and len(pilots) == 1 and not structures,
        "awox": not npc and own and group not in {CAPSULE_GROUP, ROOKIE_GROUP},
    }


def _labels(body: Mapping[str, Any], flags: Mapping[str, bool], total: float, reference: Reference) -> Iterator[str]:
    attackers: Sequence[Mapping[str, Any]] = body["attackers"]
    ship = body["victim"]["ship_type_id"]
    hour = datetime.fromisoformat(body["killmail_time"]).hour
    yield next(label for until, label in _ZONES if hour < until)
    yield f"cat:{reference.category_of(ship)}"
    if not flags["solo"]:
        yield next((label for least, label in _COUNTS if len(attackers) >= least), "#:1")
    yield from (name for name, holds in flags.items() if holds)
    if not flags["npc"]:
        yield "pvp"
    if any(a.get("corporation_id") == _CONCORD for a in attackers):
        yield "concord"
    if reference.type_groups.get(ship) in _CAPITAL_GROUPS:
        yield "capital"
    if label := next((label for least, label in _ISK if total >= least), None):
        yield label
    yield from _place_label(body["solar_system_id"], reference)


def _place_label(system_id: int, reference: Reference) -> Iterator[str]:
    """Pochven and Zarzakh have none."""
    known = reference.systems.get(system_id)
    if known is None or known.region_id in {_REGION_POCHVEN, _REGION_ZARZAKH}:
        return
    if known.region_id == _REGION_DRIFTERS:
        yield "loc:drifter"
    elif known.region_id in _REGIONS_WORMHOLES:
        yield "loc:w-space"
    elif known.region_id in _REGIONS_ABYSSAL:
        yield "loc:abyssal"
    else:
        lowsec = "loc:lowsec" if known.security >= 0 else "loc:nullsec"
        yield "loc:highsec" if known.security >= _HIGHSEC else lowsec
