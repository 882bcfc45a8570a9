"""Solar systems and item types of the static data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from battlescope_schemas.universe import SecurityType, possible_security, security_type, system_effect


@dataclass(frozen=True)
class Location:
    """A solar system with its region. Many killmails share one, so its wire fields are cached."""

    system_id: int
    system_name: str
    constellation_id: int
    region_id: int
    region_name: str
    security_status: float
    nearby_system_ids: tuple[int, ...]
    constellation_name: str | None = None
    wormhole_class: int | None = None
    adjacent_system_ids: tuple[int, ...] = ()
    sun_name: str | None = None

    @property
    def security_type(self) -> SecurityType:
        return security_type(self.system_id, self.region_id, self.security_status)

    @cached_property
    def wire_fields(self) -> dict[str, Any]:
        """The location's fields of an `EnrichedLine`."""
        return {
            "system_id": str(self.system_id),
            "system_name": self.system_name,
            "constellation_id": str(self.constellation_id),
            "constellation_name": self.constellation_name,
            "region_id": str(self.region_id),
            "region_name": self.region_name,
            "security_type": self.security_type.value,
            "security_status": self.security_status,
            "wormhole_class": self.wormhole_class if self.security_type is SecurityType.WORMHOLE else None,
            "system_effect": system_effect(self.sun_name),
            "nearby_system_ids": [str(system_id) for system_id in self.nearby_system_ids],
            "adjacent_system_ids": [str(system_id) for system_id in self.adjacent_system_ids],
        }


def unknown_location(system_id: int) -> dict[str, Any]:
    """The wire fields of a system that the static data lacks; its id may tell the security type."""
    possible = possible_security(system_id)
    security = next(iter(possible)).value if len(possible) == 1 else None
    return {
        "system_id": str(system_id),
        "security_type": security,
        "nearby_system_ids": list[str](),
        "adjacent_system_ids": list[str](),
    }


@dataclass(frozen=True, slots=True)
class ItemType:
    """A ship, structure or another item type. Some types belong to a group that the static data does not list."""

    type_id: int
    type_name: str | None
    group_id: int
    group_name: str | None
    category_id: int | None


Types = Mapping[int, ItemType]
