"""Places of items in a ship that decide what they are worth, whatever their type is worth elsewhere."""

from typing import Final

FRIGATE_ESCAPE_BAY: Final = 179  # the pilot leaves in the frigate, so it is never lost
IMPLANTS: Final = 89
BLUEPRINT_COPY: Final = 2  # of the field `singleton`
GENOLUTION_AUGMENTATION: Final = 33329  # given away and worthless where it is plugged in


def is_worthless_at(type_id: int, flag: int | None, *, is_copy: bool) -> bool:
    """Whether a unit at this place counts a cent. flag: the place, as the game numbers it. is_copy: of a blueprint."""
    return is_copy or flag == FRIGATE_ESCAPE_BAY or (flag == IMPLANTS and type_id == GENOLUTION_AUGMENTATION)
