"""Systems and types as the static data has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from battlescope_schemas.universe import SecurityType, security_type


@dataclass(frozen=True)
class Place:
    """A system; many mails share one, so how it stands on the wire is kept."""

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
    def fields(self) -> dict[str, Any]:
        """Its part of an enriched mail on the wire."""
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
    """A ship, structure or anything else. Some types belong to a group that the static data does not list."""

    type_id: int
    type_name: str | None
    group_id: int
    group_name: str | None
    category_id: int | None


Types = Mapping[int, ItemType]
