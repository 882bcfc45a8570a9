"""Who may log in, by the corporation and alliance of the primary character. The deciding rule has a name."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """The rule that decided, in the order in which rules are asked."""

    SUPER_ADMIN = "super_admin"
    DENIED_CORPORATION = "denied_corporation"
    DENIED_ALLIANCE = "denied_alliance"
    MEMBERSHIP_NOT_REQUIRED = "membership_not_required"
    ALLOWED_CORPORATION = "allowed_corporation"
    ALLOWED_ALLIANCE = "allowed_alliance"
    NOT_A_MEMBER = "not_a_member"


@dataclass(frozen=True, slots=True)
class GatingRules:
    """Empty lists with `require_membership` let nobody in."""

    require_membership: bool
    allowed_corporations: AbstractSet[int] = frozenset()
    allowed_alliances: AbstractSet[int] = frozenset()
    denied_corporations: AbstractSet[int] = frozenset()
    denied_alliances: AbstractSet[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    rule: Rule


def decide(  # noqa: PLR0911  # one return for each rule
    rules: GatingRules, corporation_id: int, alliance_id: int | None, *, is_super_admin: bool
) -> Decision:
    """Whether a character of this organisation may log in, and the rule that decides it."""
    if is_super_admin:
        return Decision(allowed=True, rule=Rule.SUPER_ADMIN)
    if corporation_id in rules.denied_corporations:
        return Decision(allowed=False, rule=Rule.DENIED_CORPORATION)
    if alliance_id in rules.denied_alliances:
        return Decision(allowed=False, rule=Rule.DENIED_ALLIANCE)
    if not rules.require_membership:
        return Decision(allowed=True, rule=Rule.MEMBERSHIP_NOT_REQUIRED)
    if corporation_id in rules.allowed_corporations:
        return Decision(allowed=True, rule=Rule.ALLOWED_CORPORATION)
    if alliance_id in rules.allowed_alliances:
        return Decision(allowed=True, rule=Rule.ALLOWED_ALLIANCE)
    return Decision(allowed=False, rule=Rule.NOT_A_MEMBER)
