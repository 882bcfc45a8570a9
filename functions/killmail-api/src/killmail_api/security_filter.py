"""Kinds of space, in whichever of the accepted words a client asks for them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from battlescope_schemas.universe import SecurityType


class SpaceType(StrEnum):
    """Coarser names that clients may use in place of security types."""

    KSPACE = "kspace"
    JSPACE = "jspace"
    POCHVEN = "pochven"


_MEANING: Final = {
    SpaceType.KSPACE: (SecurityType.HIGHSEC, SecurityType.LOWSEC, SecurityType.NULLSEC),
    SpaceType.JSPACE: (SecurityType.WORMHOLE,),
    SpaceType.POCHVEN: (SecurityType.POCHVEN,),
}


def kinds(security_types: Iterable[SecurityType], space_types: Iterable[SpaceType]) -> tuple[SecurityType, ...]:
    """All that was named; everything when nothing was."""
    named = {*security_types, *(kind for space in space_types for kind in _MEANING[space])}
    return tuple(sorted(named)) or tuple(SecurityType)
