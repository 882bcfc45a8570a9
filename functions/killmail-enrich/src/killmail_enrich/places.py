"""Systems and types as the static data has them."""

from collections.abc import Mapping
from dataclasses import dataclass

from battlescope_schemas.universe import SecurityType, security_type


@dataclass(frozen=True, slots=True)
class Place:
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


@dataclass(frozen=True, slots=True)
class ItemType:
    """A ship, structure or anything else. Some types belong to a group that the static data does not list."""

    type_id: int
    type_name: str | None
    group_id: int
    group_name: str | None
    category_id: int | None


Types = Mapping[int, ItemType]
