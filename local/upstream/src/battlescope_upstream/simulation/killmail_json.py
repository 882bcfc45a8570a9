"""Writes a loss as ESI does: all fields of real killmails, absent as often as there, keys in ESI's order."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random
from typing import Any, Final

from battlescope_upstream.catalogue import ItemType, catalogue
from battlescope_upstream.simulation.combat import Attack, Loss
from battlescope_upstream.simulation.population import Pilot

# Damage a hull takes before it dies, by role: from, to.
_DAMAGE_BY_ROLE: Final[Mapping[str, tuple[int, int]]] = {
    "capsule": (350, 700), "shuttle": (300, 600), "rookie": (1_200, 2_500), "frigate": (2_000, 7_000),
    "destroyer": (3_500, 11_000), "cruiser": (9_000, 45_000), "battlecruiser": (25_000, 80_000),
    "battleship": (60_000, 180_000), "industrial": (4_000, 30_000), "freighter": (150_000, 400_000),
    "capital": (900_000, 4_500_000), "structure": (14_000_000, 40_000_000), "deployable": (8_000, 60_000),
}  # fmt: skip
# Fitted modules by role: high, medium, low, rig slots and drones.
_FITTED_MODULES: Final[Mapping[str, tuple[int, int, int, int, int]]] = {
    "frigate": (3, 3, 3, 3, 1), "destroyer": (6, 3, 2, 3, 0), "cruiser": (4, 4, 4, 3, 2),
    "battlecruiser": (6, 4, 5, 3, 2), "battleship": (7, 5, 6, 3, 3), "industrial": (1, 3, 2, 2, 1),
    "freighter": (0, 0, 3, 0, 0), "capital": (5, 5, 6, 3, 3), "structure": (4, 3, 3, 3, 0), "rookie": (2, 1, 1, 0, 0),
}  # fmt: skip
# First inventory flag of each kind of slot.
_FIRST_SLOT_FLAGS: Final = ((27, "high"), (19, "medium"), (11, "low"), (92, "rig"))
_DRONE_BAY_FLAG: Final = 87
_CARGO_FLAG: Final = 5
_LOADED_CONTAINER_SHARE: Final[Mapping[str, float]] = {"freighter": 0.5, "industrial": 0.1}
_DEFAULT_LOADED_CONTAINER_SHARE: Final = 0.006  # 414 of 57,461 real killmails have a container with contents
_MOON_STRUCTURES: Final = {"Athanor"}  # their killmails name the moon where they drill
_LOADED_GUN_SHARE: Final = 0.6  # of guns that contain ammunition
_DROP_SHARE: Final = 0.45  # of items that drop instead of being destroyed
_WAR_SHARE: Final = 0.45  # of killmails where a war is possible


def write_killmail(rng: Random, loss: Loss, killmail_id: int, killed_at: datetime) -> tuple[bytes, dict[str, Any]]:
    """ESI's text of a killmail, and its parsed body."""
    hull = catalogue().types[loss.ship]
    damage = rng.randint(*_DAMAGE_BY_ROLE[hull.role])
    body: dict[str, Any] = {
        "attackers": _attackers(rng, loss.attackers, damage),
        "killmail_id": killmail_id,
        "killmail_time": f"{killed_at:%Y-%m-%dT%H:%M:%SZ}",
        "moon_id": rng.randint(40_000_001, 40_400_000) if hull.name in _MOON_STRUCTURES else None,
        "solar_system_id": loss.system_id,
        "victim": _victim(rng, loss, hull, damage),
        "war_id": rng.randint(690_000, 720_000) if loss.at_war and rng.random() < _WAR_SHARE else None,
    }
    present = {key: value for key, value in body.items() if value is not None}
    return json.dumps(present, separators=(",", ":")).encode(), present


def _identity(pilot: Pilot) -> dict[str, Any]:
    return {
        "alliance_id": pilot.alliance_id,
        "character_id": pilot.character_id,
        "corporation_id": pilot.corporation_id,
        "faction_id": pilot.faction_id,
    }


def _sorted_by_key(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in sorted(entry) if entry[key] is not None}


def _as_esi_number(value: float) -> float:
    """As ESI encodes it: a whole number without a fraction."""
    return int(value) if value == int(value) else value


def _attackers(rng: Random, attacks: tuple[Attack, ...], damage: int) -> list[dict[str, Any]]:
    total = sum(a.weight for a in attacks) or 1.0
    dealt = [int(damage * a.weight / total) for a in attacks]
    dealt[0] += damage - sum(dealt)
    final_blow_index = _final_blow_index(rng, attacks, dealt)
    rows = [
        _sorted_by_key({
            **_identity(a.pilot),
            "damage_done": damage_done,
            "final_blow": index == final_blow_index,
            "security_status": _as_esi_number(a.pilot.security_status),
            "ship_type_id": a.ship,
            "weapon_type_id": a.weapon,
        })
        for index, (a, damage_done) in enumerate(zip(attacks, dealt, strict=True))
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -row["damage_done"])


def _final_blow_index(rng: Random, attacks: tuple[Attack, ...], dealt: list[int]) -> int:
    """The index of a player who did damage; the first attacker if there is none."""
    players = [n for n, a in enumerate(attacks) if a.pilot.character_id is not None and dealt[n] > 0]
    return rng.choice(players or [0])


def _victim(rng: Random, loss: Loss, hull: ItemType, damage: int) -> dict[str, Any]:
    position = {axis: rng.uniform(-3e12, 3e12) for axis in "xyz"}
    items = list(_items(rng, hull))
    row = {"damage_taken": damage, "items": items, "position": position, "ship_type_id": hull.type_id}
    return _sorted_by_key(_identity(loss.victim) | row)


def _items(rng: Random, hull: ItemType) -> Iterator[dict[str, Any]]:
    items = catalogue()
    counts = _FITTED_MODULES.get(hull.role, (0, 0, 0, 0, 0))
    for (first_flag, role), count in zip(_FIRST_SLOT_FLAGS, counts, strict=False):
        for slot in range(count):
            yield _item(rng, rng.choice(items.with_role(role)), first_flag + slot, 1)
            if role == "high" and rng.random() < _LOADED_GUN_SHARE:
                yield _item(rng, rng.choice(items.with_role("charge")), first_flag + slot, rng.randint(20, 120))
    for _ in range(counts[4]):
        yield _item(rng, rng.choice(items.with_role("drone")), _DRONE_BAY_FLAG, rng.randint(1, 5))
    if any(counts):
        yield from _cargo(rng, hull)


def _cargo(rng: Random, hull: ItemType) -> Iterator[dict[str, Any]]:
    items = catalogue()
    quantity_factor = 30 if hull.role == "freighter" else 3
    for item in rng.sample(items.with_role("charge", "cargo"), rng.randint(0, 4)):
        yield _item(rng, item, _CARGO_FLAG, rng.randint(1, 40) * quantity_factor)
    if rng.random() < _LOADED_CONTAINER_SHARE.get(hull.role, _DEFAULT_LOADED_CONTAINER_SHARE):
        contents = rng.sample(items.with_role("high", "medium", "drone"), rng.randint(2, 7))
        container = _item(rng, rng.choice(items.with_role("container")), _CARGO_FLAG, 1)
        yield _sorted_by_key({**container, "items": [_item(rng, item, 0, rng.randint(1, 20)) for item in contents]})


def _item(rng: Random, item: ItemType, flag: int, quantity: int) -> dict[str, Any]:
    quantity_key = "quantity_dropped" if rng.random() < _DROP_SHARE else "quantity_destroyed"
    return {"flag": flag, "item_type_id": item.type_id, quantity_key: quantity, "singleton": 0}
