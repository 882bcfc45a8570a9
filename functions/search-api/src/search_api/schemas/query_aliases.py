"""Other names of query parameters, as clients of the earlier API use them."""

from collections.abc import Iterable
from typing import Final

_SECURITY_TYPES_OF_SPACE: Final = {
    "kspace": ("highsec", "lowsec", "nullsec"),
    "jspace": ("wormhole",),
}


def declared_parameters(name: str, value: str) -> Iterable[tuple[str, str]]:
    """The parameter under its declared name; a type of space becomes its security types."""
    if name == "space_type":
        return [("security_type", security_type) for security_type in _SECURITY_TYPES_OF_SPACE.get(value, (value,))]
    return [(name, value)]
