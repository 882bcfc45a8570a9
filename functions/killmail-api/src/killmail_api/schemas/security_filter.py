"""The filter by security type, which clients state in two vocabularies."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from battlescope_schemas.universe import SecurityType


class SpaceType(StrEnum):
    """Coarser names that clients may use instead of security types."""

    KSPACE = "kspace"
    JSPACE = "jspace"
    POCHVEN = "pochven"


_SECURITY_TYPES: Final = {
    SpaceType.KSPACE: (SecurityType.HIGHSEC, SecurityType.LOWSEC, SecurityType.NULLSEC),
    SpaceType.JSPACE: (SecurityType.WORMHOLE,),
    SpaceType.POCHVEN: (SecurityType.POCHVEN,),
}


def selected_security_types(
    security_types: Iterable[SecurityType], space_types: Iterable[SpaceType]
) -> tuple[SecurityType, ...]:
    """The union of both filters; all security types where both are empty."""
    from_space_types = (security_type for space_type in space_types for security_type in _SECURITY_TYPES[space_type])
    return tuple(sorted({*security_types, *from_space_types})) or tuple(SecurityType)
