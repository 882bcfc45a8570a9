"""What was in a lost ship."""

from datetime import date
from enum import StrEnum

from battlescope_schemas.base import EveId, Isk, Schema
from battlescope_schemas.prices import PriceRule


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


class UnitPrice(Schema):
    """What one unit counts in the computed value.

    records: days of the market behind the price, the fewest of the materials of a build cost; 0 where no market was
    used. lastDay: the last of these days.
    """

    isk: Isk
    rule: PriceRule
    records: int
    last_day: date | None


class Item(Schema):
    """Units of a type at one place, with what they contain. flag: the place, as the game numbers it.

    value: of all its units, dropped and destroyed, without what they contain. Both are null while there are no prices.
    """

    type_id: EveId
    type_name: str | None
    flag: int | None
    slot: Slot
    quantity_dropped: int
    quantity_destroyed: int
    is_blueprint_copy: bool
    unit_price: UnitPrice | None
    value: Isk | None
    items: "tuple[Item, ...]"


class Hull(Schema):
    """The lost ship itself."""

    type_id: EveId
    type_name: str | None
    unit_price: UnitPrice | None


class Items(Schema):
    """The items of a killmail; a structure or pod may have had none.

    The prices of the hull and the values of all items add up to the computed value of the killmail. priceDay: the last
    day of the market that counts. rules: the version of the rules of valuation.
    """

    killmail_id: EveId
    hull: Hull | None
    price_day: date | None
    rules: int | None
    items: tuple[Item, ...]
