"""What was in a lost ship."""

from enum import StrEnum

from battlescope_schemas.base import EveId, Schema


class Slot(StrEnum):
    """The kind of place of an item."""

    HIGH = "high"
    MID = "mid"
    LOW = "low"
    RIG = "rig"
    SUBSYSTEM = "subsystem"
    SERVICE = "service"
    FIGHTER_TUBE = "fighter_tube"
    DRONE_BAY = "drone_bay"
    FIGHTER_BAY = "fighter_bay"
    IMPLANT = "implant"
    CARGO = "cargo"
    SPECIALIZED_HOLD = "specialized_hold"
    FLEET_HANGAR = "fleet_hangar"
    SHIP_HANGAR = "ship_hangar"
    FUEL = "fuel"
    ESCAPE_BAY = "escape_bay"
    OTHER = "other"


class Item(Schema):
    """Units of a type at one place, with what they contain. flag: the place, as the game numbers it."""

    type_id: EveId
    type_name: str | None
    flag: int | None
    slot: Slot
    quantity_dropped: int
    quantity_destroyed: int
    is_blueprint_copy: bool
    items: "tuple[Item, ...]"


class Items(Schema):
    """The items of a killmail; a structure or pod may have had none."""

    killmail_id: EveId
    items: tuple[Item, ...]
