"""Writes a loss as ESI does: every field real mails have, absent where theirs are, keys in ESI's order."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random
from typing import Any, Final

from battlescope_upstream.catalogue import ItemType, catalogue
from battlescope_upstream.simulation.combat import Attack, Loss
from battlescope_upstream.simulation.population import Pilot

# Damage a hull takes before it dies, by role: from, to.
_TOUGHNESS: Final[Mapping[str, tuple[int, int]]] = {
    "capsule": (350, 700), "shuttle": (300, 600), "rookie": (1_200, 2_500), "frigate": (2_000, 7_000),
    "destroyer": (3_500, 11_000), "cruiser": (9_000, 45_000), "battlecruiser": (25_000, 80_000),
    "battleship": (60_000, 180_000), "industrial": (4_000, 30_000), "freighter": (150_000, 400_000),
    "capital": (900_000, 4_500_000), "structure": (14_000_000, 40_000_000), "deployable": (8_000, 60_000),
}  # fmt: skip
# Fitted modules by role: high, medium, low, rig slots and drones.
_FITS: Final[Mapping[str, tuple[int, int, int, int, int]]] = {
    "frigate": (3, 3, 3, 3, 1), "destroyer": (6, 3, 2, 3, 0), "cruiser": (4, 4, 4, 3, 2),
    "battlecruiser": (6, 4, 5, 3, 2), "battleship": (7, 5, 6, 3, 3), "industrial": (1, 3, 2, 2, 1),
    "freighter": (0, 0, 3, 0, 0), "capital": (5, 5, 6, 3, 3), "structure": (4, 3, 3, 3, 0), "rookie": (2, 1, 1, 0, 0),
}  # fmt: skip
_SLOTS: Final = ((27, "high"), (19, "medium"), (11, "low"), (92, "rig"))  # the first inventory flag of each kind
_DRONE_BAY: Final = 87
_CARGO: Final = 5
_NESTED: Final[Mapping[str, float]] = {"freighter": 0.5, "industrial": 0.1}
_RARELY_NESTED: Final = 0.006  # 414 of 57,461 mails hold a container with something in it
_AT_MOONS: Final = {"Athanor"}  # what drills there is told by its moon
_LOADED: Final = 0.6  # a gun holds ammunition more often than not
_SURVIVES: Final = 0.45  # a little less than half of what was aboard drops
_AT_WAR: Final = 0.45  # of the mails between parties that could be


def write_mail(rng: Random, loss: Loss, killmail_id: int, moment: datetime) -> tuple[bytes, dict[str, Any]]:
    """ESI's text of a killmail, and the same as values."""
    hull = catalogue().types[loss.ship]
    damage = rng.randint(*_TOUGHNESS[hull.role])
    body: dict[str, Any] = {
        "attackers": _attackers(rng, loss.attackers, damage),
        "killmail_id": killmail_id,
        "killmail_time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "moon_id": rng.randint(40_000_001, 40_400_000) if hull.name in _AT_MOONS else None,
        "solar_system_id": loss.system_id,
        "victim": _victim(rng, loss, hull, damage),
        "war_id": rng.randint(690_000, 720_000) if loss.at_war and rng.random() < _AT_WAR else None,
    }
    present = {key: value for key, value in body.items() if value is not None}
    return json.dumps(present, separators=(",", ":")).encode(), present


def _who(pilot: Pilot) -> dict[str, Any]:
    return {
        "alliance_id": pilot.alliance_id,
        "character_id": pilot.character_id,
        "corporation_id": pilot.corporation_id,
        "faction_id": pilot.faction_id,
    }


def _sorted(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in sorted(entry) if entry[key] is not None}


def _number(value: float) -> float:
    """As the game's encoder writes it: a whole number without its fraction."""
    return int(value) if value == int(value) else value


def _attackers(rng: Random, attacks: tuple[Attack, ...], damage: int) -> list[dict[str, Any]]:
    total = sum(a.weight for a in attacks) or 1.0
    dealt = [int(damage * a.weight / total) for a in attacks]
    dealt[0] += damage - sum(dealt)
    final = _final_blow(rng, attacks, dealt)
    rows = [
        _sorted({
            **_who(a.who),
            "damage_done": done,
            "final_blow": number == final,
            "security_status": _number(a.who.security_status),
            "ship_type_id": a.ship,
            "weapon_type_id": a.weapon,
        })
        for number, (a, done) in enumerate(zip(attacks, dealt, strict=True))
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -row["damage_done"])


def _final_blow(rng: Random, attacks: tuple[Attack, ...], dealt: list[int]) -> int:
    """One of the players who did damage; an NPC only where there is no player."""
    players = [n for n, a in enumerate(attacks) if a.who.character_id is not None and dealt[n] > 0]
    return rng.choice(players or [0])


def _victim(rng: Random, loss: Loss, hull: ItemType, damage: int) -> dict[str, Any]:
    position = {axis: rng.uniform(-3e12, 3e12) for axis in "xyz"}
    items = list(_items(rng, hull))
    who = _who(loss.victim)
    return _sorted({**who, "damage_taken": damage, "items": items, "position": position, "ship_type_id": hull.type_id})


def _items(rng: Random, hull: ItemType) -> Iterator[dict[str, Any]]:
    table = catalogue()
    counts = _FITS.get(hull.role, (0, 0, 0, 0, 0))
    for (first, role), count in zip(_SLOTS, counts, strict=False):
        for slot in range(count):
            yield _item(rng, rng.choice(table.of_role(role)), first + slot, 1)
            if role == "high" and rng.random() < _LOADED:
                yield _item(rng, rng.choice(table.of_role("charge")), first + slot, rng.randint(20, 120))
    for _ in range(counts[4]):
        yield _item(rng, rng.choice(table.of_role("drone")), _DRONE_BAY, rng.randint(1, 5))
    if any(counts):
        yield from _cargo(rng, hull)


def _cargo(rng: Random, hull: ItemType) -> Iterator[dict[str, Any]]:
    table = catalogue()
    much = 30 if hull.role == "freighter" else 3
    for item in rng.sample(table.of_role("charge", "cargo"), rng.randint(0, 4)):
        yield _item(rng, item, _CARGO, rng.randint(1, 40) * much)
    if rng.random() < _NESTED.get(hull.role, _RARELY_NESTED):
        inside = rng.sample(table.of_role("high", "medium", "drone"), rng.randint(2, 7))
        container = _item(rng, rng.choice(table.of_role("container")), _CARGO, 1)
        yield _sorted({**container, "items": [_item(rng, item, 0, rng.randint(1, 20)) for item in inside]})


def _item(rng: Random, item: ItemType, flag: int, quantity: int) -> dict[str, Any]:
    fate = "quantity_dropped" if rng.random() < _SURVIVES else "quantity_destroyed"
    return {"flag": flag, "item_type_id": item.type_id, fate: quantity, "singleton": 0}
