"""Classifies losses: a killmail can start a battle, join one, or only be listed with one."""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple, Protocol

from battle_cluster.domain.killmail import Killmail, Party, Victim

CAPSULE_GROUP: Final = 29
SHIP_CATEGORY: Final = 6
STRUCTURE_CATEGORIES: Final = frozenset({23, 40, 46, 65})  # starbases, sovereignty, orbitals, Upwell: shot for hours
EQUIPMENT_CATEGORIES: Final = frozenset({18, 22, 87})  # drones, deployables, fighters: no pilot dies with them
CONCORD: Final = 1_000_125  # the police attacks criminals in every system, so it would link strangers


class LossKind(Enum):
    COMBAT = 1
    """Links to other killmails and so starts a battle."""
    CAPSULE = 2
    """Links like a combat loss, but capsules alone are no battle."""
    NON_COMBAT = 3
    """Links nothing; listed with the fight of its system whose people or parties shot or lost it."""


Target = tuple[int, int, int | None]
"""System, type and owner of a lost structure: the target of a siege."""


class ClassifiedKillmail(NamedTuple):
    killmail: Killmail
    kind: LossKind
    pilots: frozenset[int]
    parties: frozenset[Party]
    target: Target | None


class Loss(Protocol):
    """The attributes that decide the kind of a loss, so that a summary of a killmail can be classified too.

    `Killmail` has them all, but a type checker accepts no other descriptor for a property of a protocol.
    """

    @property
    def system_id(self) -> int: ...
    @property
    def victim(self) -> Victim: ...
    @property
    def has_attacking_player(self) -> bool: ...
    @property
    def attacking_corporations(self) -> frozenset[int | None]: ...


def classify(killmail: Killmail) -> ClassifiedKillmail:
    target = structure_target(killmail)
    return ClassifiedKillmail(killmail, classify_loss(killmail), killmail.pilot_ids, killmail.party_ids, target)


def classify_loss(loss: Killmail | Loss) -> LossKind:
    """Losses to NPCs and police, self-destructs, equipment and ejected ships are non-combat losses."""
    victim = loss.victim
    if victim.ship_category_id in EQUIPMENT_CATEGORIES or not loss.has_attacking_player:
        return LossKind.NON_COMBAT
    if victim.character_id is None and victim.ship_category_id == SHIP_CATEGORY:
        return LossKind.NON_COMBAT  # a ship without a pilot: the hangar of a dying structure ejects hundreds of them
    if CONCORD in loss.attacking_corporations:
        return LossKind.NON_COMBAT
    return LossKind.CAPSULE if victim.ship_group_id == CAPSULE_GROUP else LossKind.COMBAT


def structure_target(loss: Killmail | Loss) -> Target | None:
    """The target of a siege; None for a loss that is no structure."""
    victim = loss.victim
    if victim.ship_category_id not in STRUCTURE_CATEGORIES:
        return None
    return loss.system_id, victim.ship_type_id, victim.corporation_id


def group_by_system(killmails: Iterable[ClassifiedKillmail]) -> dict[int, list[ClassifiedKillmail]]:
    """Killmails by system, in the order given."""
    systems: dict[int, list[ClassifiedKillmail]] = {}
    for classified in killmails:
        systems.setdefault(classified.killmail.system_id, []).append(classified)
    return systems
