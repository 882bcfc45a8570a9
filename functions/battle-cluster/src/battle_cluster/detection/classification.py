"""A mail as clustering looks at it: who was seen on it, and whether it can open a battle, join one or only be shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from battle_cluster.domain.killmail import Killmail, Party, Victim

CAPSULE_GROUP: Final = 29
SHIP_CATEGORY: Final = 6
STRUCTURE_CATEGORIES: Final = frozenset({23, 40, 46, 65})  # starbases, sovereignty, orbitals, Upwell: shot for hours
EQUIPMENT_CATEGORIES: Final = frozenset({18, 22, 87})  # drones, deployables, fighters: lost without anybody dying
CONCORD: Final = 1_000_125  # police answers a crime wherever it happens, so it ties strangers together


class LossKind(Enum):
    FIGHT = 1
    """Links to others and so opens battles."""
    CAPSULE = 2
    """Joins one fight mail, links nothing."""
    SHOWN = 3
    """Not linking, only shown where it lies inside a battle."""


class ClassifiedKillmail(NamedTuple):
    mail: Killmail
    kind: LossKind
    pilots: frozenset[int]
    parties: frozenset[Party]


@dataclass(frozen=True, slots=True)
class KillmailSummary:
    """As much of a mail as tells its kind and whom it may be linked to; made in a third of the time."""

    killmail_id: int
    time: int
    system_id: int
    victim: Victim
    pilot_ids: frozenset[int]
    has_attacking_player: bool
    attacking_corporations: frozenset[int | None]
    nearby_system_ids: frozenset[int]


def classify(mail: Killmail) -> ClassifiedKillmail:
    return ClassifiedKillmail(mail, classify_loss(mail), mail.pilot_ids, mail.party_ids)


def classify_loss(mail: Killmail | KillmailSummary) -> LossKind:
    """NPC and police mails, self-destructs, equipment and ejected ships are shown only."""
    victim = mail.victim
    if victim.ship_category_id in EQUIPMENT_CATEGORIES or not mail.has_attacking_player:
        return LossKind.SHOWN
    if victim.character_id is None and victim.ship_category_id == SHIP_CATEGORY:
        return LossKind.SHOWN  # nobody sat in it: hangars of a dying structure spill such ships by the hundred
    if CONCORD in mail.attacking_corporations:
        return LossKind.SHOWN
    return LossKind.CAPSULE if victim.ship_group_id == CAPSULE_GROUP else LossKind.FIGHT


def structure_target(mail: Killmail | KillmailSummary) -> tuple[int, int, int | None] | None:
    """What a siege is laid to: system, type and owner."""
    victim = mail.victim
    if victim.ship_category_id not in STRUCTURE_CATEGORIES:
        return None
    return mail.system_id, victim.ship_type_id, victim.corporation_id


def by_system(sightings: Iterable[ClassifiedKillmail]) -> dict[int, list[ClassifiedKillmail]]:
    """Order is kept."""
    systems: dict[int, list[ClassifiedKillmail]] = {}
    for sighting in sightings:
        systems.setdefault(sighting.mail.system_id, []).append(sighting)
    return systems
