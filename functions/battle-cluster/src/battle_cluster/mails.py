"""A killmail as the battle context remembers it: who, where, when, worth what. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class PartyKind(StrEnum):
    ALLIANCE = "alliance"
    CORPORATION = "corporation"
    FACTION = "faction"
    CHARACTER = "character"


class Party(NamedTuple):
    """Alliance, else player corporation, else (in NPC corporations) the militia or the pilot alone."""

    kind: PartyKind
    id: int


@dataclass(frozen=True, slots=True)
class Attacker:
    """One attacker. An NPC has no party and no character."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None
    party: Party | None
    ship_type_id: int | None
    damage_done: int
    final_blow: bool


@dataclass(frozen=True, slots=True)
class Victim:
    """Who lost what. Structures have an owner party and no character."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None
    party: Party | None
    ship_type_id: int
    ship_group_id: int | None
    ship_category_id: int | None


@dataclass(frozen=True, slots=True)
class Mail:
    """One loss. `time` is whole seconds since 1970 UTC, `value` is ISK (0 where nobody knows it)."""

    killmail_id: int
    time: int
    system_id: int
    value: float
    victim: Victim
    attackers: tuple[Attacker, ...]
    nearby_system_ids: frozenset[int] = frozenset()

    def pilots(self) -> Iterator[int]:
        """Characters seen on the mail, the victim included; NPCs are none."""
        if self.victim.character_id is not None:
            yield self.victim.character_id
        yield from (a.character_id for a in self.attackers if a.character_id is not None)

    def parties(self) -> Iterator[Party]:
        if self.victim.party is not None:
            yield self.victim.party
        yield from (a.party for a in self.attackers if a.party is not None)
