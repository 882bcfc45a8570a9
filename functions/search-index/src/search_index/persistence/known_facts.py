"""What this process has stored already: names and facts come with every killmail and hardly ever change."""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from search_index.domain.entity_key import EntityKey
from search_index.domain.killmail import IncomingKillmail, ShipType, SolarSystem

_MAX_NAMES: Final = 300_000
"""Some 20 MB."""


class KnownFacts:
    """Losing them costs work only: a stored row is not written again."""

    def __init__(self) -> None:
        self._names: set[EntityKey] = set()
        self._systems: dict[int, SolarSystem] = {}
        self._ships: dict[int, ShipType] = {}

    def unknown_names(self, incoming: Iterable[IncomingKillmail]) -> dict[EntityKey, str]:
        return {key: name for entry in incoming for key, name in entry.names.items() if key not in self._names}

    def unknown_systems(self, incoming: Iterable[IncomingKillmail]) -> dict[int, SolarSystem]:
        systems = (entry.system for entry in incoming)
        return {s.system_id: s for s in systems if self._systems.get(s.system_id) != s}

    def unknown_ships(self, incoming: Iterable[IncomingKillmail]) -> dict[int, ShipType]:
        """Of several descriptions of a type the complete one."""
        unknown: dict[int, ShipType] = {}
        for ship in chain.from_iterable(entry.ship_types for entry in incoming):
            known = unknown.get(ship.ship_type_id) or self._ships.get(ship.ship_type_id)
            if known is None or (ship.is_complete and not known.is_complete):
                unknown[ship.ship_type_id] = ship
        return unknown

    def add(self, names: Iterable[EntityKey], systems: dict[int, SolarSystem], ships: dict[int, ShipType]) -> None:
        """Call it after the commit."""
        if len(self._names) > _MAX_NAMES:
            self._names.clear()
        self._names.update(names)
        self._systems |= systems
        self._ships |= ships
