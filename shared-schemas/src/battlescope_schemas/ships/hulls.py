"""The hull class of a ship: what a player compares, coarser than the game's groups of types."""

from enum import StrEnum
from typing import Final


class HullClass(StrEnum):
    """Classes of ships and of what else is lost on killmails, from the heaviest ship down."""

    TITAN = "titan"
    SUPERCARRIER = "supercarrier"
    FORCE_AUXILIARY = "force_auxiliary"
    DREADNOUGHT = "dreadnought"
    CARRIER = "carrier"
    BATTLESHIP = "battleship"
    BATTLECRUISER = "battlecruiser"
    CRUISER = "cruiser"
    DESTROYER = "destroyer"
    FRIGATE = "frigate"
    INDUSTRIAL = "industrial"
    SHUTTLE = "shuttle"
    CAPSULE = "capsule"
    STRUCTURE = "structure"
    OTHER = "other"


# Groups of the static data by class; a group that is not here has its category's class.
_GROUPS: Final = {
    HullClass.TITAN: (30,),
    HullClass.SUPERCARRIER: (659,),
    HullClass.FORCE_AUXILIARY: (1538,),
    HullClass.DREADNOUGHT: (485, 4594),
    HullClass.CARRIER: (547, 5120),
    HullClass.BATTLESHIP: (27, 381, 898, 900),
    HullClass.BATTLECRUISER: (419, 540, 1201),
    HullClass.CRUISER: (26, 358, 832, 833, 894, 906, 963, 1972),
    HullClass.DESTROYER: (420, 541, 1305, 1534),
    HullClass.FRIGATE: (25, 237, 324, 830, 831, 834, 893, 1022, 1283, 1527, 2001, 5087),
    HullClass.INDUSTRIAL: (28, 380, 463, 513, 543, 883, 902, 941, 1202, 4902),
    HullClass.SHUTTLE: (31,),
    HullClass.CAPSULE: (29,),
}
_CLASSES: Final = {group_id: hull_class for hull_class, group_ids in _GROUPS.items() for group_id in group_ids}
_STRUCTURE_CATEGORIES: Final = frozenset({23, 39, 40, 46, 65, 66})  # starbases, sovereignty, orbitals, structures


def hull_class(group_id: int | None, category_id: int | None) -> HullClass | None:
    """The class of a type by its group and category; None while the group is unknown."""
    if group_id is None:
        return None
    known = _CLASSES.get(group_id)
    if known is not None:
        return known
    return HullClass.STRUCTURE if category_id in _STRUCTURE_CATEGORIES else HullClass.OTHER
