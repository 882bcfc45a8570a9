"""What a component is called by its size: a label, never a threshold below which something is dropped."""

from collections.abc import Sequence
from enum import StrEnum

from battle_cluster.detection.classification import ClassifiedKillmail, LossKind
from battle_cluster.detection.rules import DetectionRules


class Tier(StrEnum):
    SINGLE = "single"
    SMALL = "small"
    SKIRMISH = "skirmish"
    BATTLE = "battle"
    MAJOR = "major"


def tier(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Tier:
    """Of the mails that count: fights and capsules. Each tier also asks what the one below it asks."""
    if len(counted) < 2 or not has_combat_loss(counted):  # noqa: PLR2004  # two is what more than one means
        return Tier.SINGLE
    pilots = len(frozenset[int]().union(*(sighting.pilots for sighting in counted)))
    if not _is_skirmish(counted, pilots, rules):
        return Tier.SMALL
    if len(counted) >= rules.major_mails:
        return Tier.MAJOR
    value = sum(sighting.mail.value for sighting in counted)
    is_battle = len(counted) >= rules.battle_mails or pilots >= rules.battle_pilots or value >= rules.battle_isk
    return Tier.BATTLE if is_battle else Tier.SKIRMISH


def has_combat_loss(counted: Sequence[ClassifiedKillmail]) -> bool:
    """Capsules never open a battle."""
    return any(sighting.kind is LossKind.FIGHT for sighting in counted)


def _is_skirmish(counted: Sequence[ClassifiedKillmail], pilots: int, rules: DetectionRules) -> bool:
    if len(counted) < rules.skirmish_mails or pilots < rules.skirmish_pilots:
        return False
    return len({party for sighting in counted for party in sighting.parties}) >= rules.skirmish_parties
