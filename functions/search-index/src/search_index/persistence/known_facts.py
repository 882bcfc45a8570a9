"""What this process has stored already: names and facts come with every killmail and hardly ever change."""

from collections.abc import Iterable
from typing import Final

from search_index.domain.killmail import EntityName, ShipType, SolarSystem

_MAX_NAMES: Final = 300_000
"""Some 20 MB."""

Key = tuple[str, int]


class KnownFacts:
    """Losing them costs work only: a stored row is not written again."""

    def __init__(self) -> None:
        self._names: set[Key] = set()
        self._systems: dict[int, SolarSystem] = {}
        self._ships: dict[int, ShipType] = {}

    def unknown_names(self, names: Iterable[EntityName]) -> dict[Key, EntityName]:
        return {key: name for name in names if (key := (name.entity_type, name.entity_id)) not in self._names}

    def unknown_systems(self, systems: Iterable[SolarSystem]) -> dict[int, SolarSystem]:
        return {s.system_id: s for s in systems if self._systems.get(s.system_id) != s}

    def unknown_ships(self, ships: Iterable[ShipType]) -> dict[int, ShipType]:
        """Of several descriptions of a type the complete one."""
        unknown: dict[int, ShipType] = {}
        for ship in ships:
            known = unknown.get(ship.ship_type_id) or self._ships.get(ship.ship_type_id)
            if known is None or (ship.is_complete and not known.is_complete):
                unknown[ship.ship_type_id] = ship
        return unknown

    def add(self, names: Iterable[Key], systems: dict[int, SolarSystem], ships: dict[int, ShipType]) -> None:
        """Call it after the commit."""
        if len(self._names) > _MAX_NAMES:
            self._names.clear()
        self._names.update(names)
        self._systems |= systems
        self._ships |= ships
