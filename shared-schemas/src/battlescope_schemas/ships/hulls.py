"""The class of a ship or structure as players sort them, from its group and category in the static data."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from battlescope_schemas.killmail import CAPSULE_GROUP


class HullClass(StrEnum):
    """Largest first; then what is no warship."""

    TITAN = "titan"
    SUPERCARRIER = "supercarrier"
    FORCE_AUXILIARY = "force_auxiliary"
    DREADNOUGHT = "dreadnought"
    CARRIER = "carrier"
    CAPITAL_INDUSTRIAL = "capital_industrial"
    BATTLESHIP = "battleship"
    BATTLECRUISER = "battlecruiser"
    CRUISER = "cruiser"
    DESTROYER = "destroyer"
    FRIGATE = "frigate"
    INDUSTRIAL = "industrial"
    MINING = "mining"
    SHUTTLE = "shuttle"
    CAPSULE = "capsule"
    STRUCTURE = "structure"
    OTHER = "other"


_GROUPS: Final = {
    HullClass.TITAN: (30,),
    HullClass.SUPERCARRIER: (659,),
    HullClass.FORCE_AUXILIARY: (1538,),
    HullClass.DREADNOUGHT: (485, 4594),
    HullClass.CARRIER: (547, 5120),
    HullClass.CAPITAL_INDUSTRIAL: (513, 883, 902),
    HullClass.BATTLESHIP: (27, 381, 898, 900),
    HullClass.BATTLECRUISER: (419, 540, 1201),
    HullClass.CRUISER: (26, 358, 832, 833, 894, 906, 963, 1972),
    HullClass.DESTROYER: (420, 541, 1305, 1534),
    HullClass.FRIGATE: (25, 237, 324, 830, 831, 834, 893, 1022, 1283, 1527, 2001, 5087),
    HullClass.INDUSTRIAL: (28, 380, 941, 1202, 4902),
    HullClass.MINING: (463, 543),
    HullClass.SHUTTLE: (31,),
    HullClass.CAPSULE: (CAPSULE_GROUP,),
    # Upwell structures, towers with their modules, and what holds sovereignty and customs.
    HullClass.STRUCTURE: (
        *(1404, 1405, 1406, 1407, 1408, 1409, 1410, 1657, 1876, 1924, 2015, 2016, 2017, 4644, 4736, 4744),
        *(311, 363, 364, 365, 397, 404, 413, 414, 416, 417, 418, 426, 430, 438, 439, 440, 441, 443, 444, 445, 449),
        *(471, 473, 480, 707, 709, 710, 837, 838, 839, 840, 877, 1003, 1004, 1005, 1012, 1025, 1106, 1212, 1282),
    ),
}
_CLASS_OF_GROUP: Final = {group: hull_class for hull_class, groups in _GROUPS.items() for group in groups}
_STRUCTURE_CATEGORIES: Final = frozenset({23, 39, 40, 46, 65, 66})  # starbases, sovereignty, orbitals, structures


CLASSED_GROUPS: Final = sorted(_CLASS_OF_GROUP)
"""All others are `OTHER`."""


def groups_of(hull_classes: Iterable[HullClass]) -> list[int]:
    """The groups of these classes. `OTHER` has none: its groups are all outside of `CLASSED_GROUPS`."""
    return [group for hull_class in hull_classes for group in _GROUPS.get(hull_class, ())]


def hull_class(group_id: int | None, category_id: int | None = None) -> HullClass | None:
    """The class; None while the group is unknown. The category finds structures in groups that are newer than this."""
    if group_id is None:
        return None
    other = HullClass.STRUCTURE if category_id in _STRUCTURE_CATEGORIES else HullClass.OTHER
    return _CLASS_OF_GROUP.get(group_id, other)
