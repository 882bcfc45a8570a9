"""Solar systems and item types of the static data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from battlescope_schemas.universe import SecurityType, security_type


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

    @property
    def security_type(self) -> SecurityType:
        return security_type(self.system_id, self.region_id, self.security_status)

    @cached_property
    def wire_fields(self) -> dict[str, Any]:
        """The location's part of an enriched killmail."""
        return {
            "systemId": str(self.system_id),
            "systemName": self.system_name,
            "constellationId": str(self.constellation_id),
            "regionId": str(self.region_id),
            "regionName": self.region_name,
            "securityType": self.security_type.value,
            "securityStatus": self.security_status,
            "nearbySystemIds": [str(system_id) for system_id in self.nearby_system_ids],
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
