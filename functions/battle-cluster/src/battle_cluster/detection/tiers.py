"""The tier of a component: a label by size. No component is dropped because of its tier."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from battle_cluster.detection.classification import ClassifiedKillmail, LossKind
from battle_cluster.detection.rules import DetectionRules

T = TypeVar("T")


class Tier(StrEnum):
    SINGLE = "single"
    SMALL = "small"
    SKIRMISH = "skirmish"
    BATTLE = "battle"
    MAJOR = "major"


def tier_of(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Tier:
    """The tier by combat and capsule losses. Each tier also has the requirements of the tier below it."""
    if len(counted) < 2 or not has_combat_loss(counted):  # noqa: PLR2004  # two is what more than one means
        return Tier.SINGLE
    enough = max(rules.skirmish_pilots, rules.battle_pilots)
    pilots = _distinct_up_to(enough, (classified.pilots for classified in counted))
    if not _is_skirmish(counted, pilots, rules):
        return Tier.SMALL
    if len(counted) >= rules.major_killmails:
        return Tier.MAJOR
    value = sum(classified.killmail.value for classified in counted)
    is_battle = len(counted) >= rules.battle_killmails or pilots >= rules.battle_pilots or value >= rules.battle_isk
    return Tier.BATTLE if is_battle else Tier.SKIRMISH


def has_combat_loss(counted: Sequence[ClassifiedKillmail]) -> bool:
    """Capsules alone are no battle."""
    return any(classified.kind is LossKind.COMBAT for classified in counted)


def _is_skirmish(counted: Sequence[ClassifiedKillmail], pilots: int, rules: DetectionRules) -> bool:
    if len(counted) < rules.skirmish_killmails or pilots < rules.skirmish_pilots:
        return False
    parties = _distinct_up_to(rules.skirmish_parties, (classified.parties for classified in counted))
    return parties >= rules.skirmish_parties


def _distinct_up_to(enough: int, sets: Iterable[frozenset[T]]) -> int:
    """How many distinct elements the sets have; a large battle has enough of them in its first killmails."""
    distinct = set[T]()
    for elements in sets:
        distinct |= elements
        if len(distinct) >= enough:
            break
    return len(distinct)
