"""Features, roles and ranks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class RoleKey(StrEnum):
    """The roles of a feature, lowest first; a higher one includes those below it."""

    USER = "user"
    FC = "fc"
    DIRECTOR = "director"
    ADMIN = "admin"


RANKS: Final[Mapping[RoleKey, int]] = {RoleKey.USER: 10, RoleKey.FC: 20, RoleKey.DIRECTOR: 30, RoleKey.ADMIN: 40}
ROLE_OF_RANK: Final[Mapping[int, RoleKey]] = {rank: role for role, rank in RANKS.items()}


def lower_of_both(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The ranks that an account has both before and after a change: no more than either."""
    return {feature: min(rank, after[feature]) for feature, rank in before.items() if feature in after}
