"""A killmail as the battle context remembers it: who, where, when, worth what. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


class PartyKind(StrEnum):
    ALLIANCE = "alliance"
    CORPORATION = "corporation"
    FACTION = "faction"
    CHARACTER = "character"

    __hash__ = str.__hash__  # an Enum's own is a function in Python, and parties are keys in every step


class Party(NamedTuple):
    """Alliance, else player corporation, else (in NPC corporations) the militia or the pilot alone."""

    kind: PartyKind
    id: int


class Attacker(NamedTuple):
    """One attacker. An NPC has no party and no character."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None
    party: Party | None
    ship_type_id: int | None
    damage_done: int
    final_blow: bool


class Victim(NamedTuple):
    """Who lost what. Structures have an owner party and no character."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None
    party: Party | None
    ship_type_id: int
    ship_group_id: int | None
    ship_category_id: int | None


@dataclass(frozen=True)
class Killmail:
    """One loss. `time` is whole seconds since 1970 UTC, `value` is ISK (0 where nobody knows it).

    A mail never changes but is looked at again with each that follows it, so it remembers who is on it.
    """

    killmail_id: int
    time: int
    system_id: int
    value: float
    victim: Victim
    attackers: tuple[Attacker, ...]
    nearby_system_ids: frozenset[int] = frozenset()

    @cached_property
    def pilot_ids(self) -> frozenset[int]:
        found = {attacker.character_id for attacker in self.attackers} | {self.victim.character_id}
        return frozenset(pilot for pilot in found if pilot is not None)

    @cached_property
    def party_ids(self) -> frozenset[Party]:
        found = {attacker.party for attacker in self.attackers} | {self.victim.party}
        return frozenset(party for party in found if party is not None)

    @cached_property
    def attacking_corporations(self) -> frozenset[int | None]:
        return frozenset(attacker.corporation_id for attacker in self.attackers)

    @cached_property
    def has_attacking_player(self) -> bool:
        return any([attacker.character_id is not None for attacker in self.attackers])  # noqa: C419  # faster for few

    @cached_property
    def damage_by_party(self) -> dict[Party, int]:
        """What each attacking party dealt, those that dealt nothing included."""
        dealt: dict[Party, int] = {}
        for attacker in self.attackers:
            party, done = attacker.party, attacker.damage_done
            if party is not None:
                dealt[party] = dealt.get(party, 0) + (done if done > 0 else 0)  # noqa: FURB136  # a call costs more here
        return dealt

    @cached_property
    def involvement_shares(self) -> dict[Party, float]:
        """Each attacking party's part: half by damage, half by heads.

        So tackle without damage counts, and one damage ship does not rule.
        """
        damage_by_party = self.damage_by_party
        heads = dict.fromkeys(damage_by_party, 0)
        for attacker in self.attackers:
            if attacker.party is not None:
                heads[attacker.party] += 1
        total, count = sum(damage_by_party.values()), sum(heads.values())
        if total <= 0:
            return {party: heads[party] / count for party in sorted(heads)}
        return {party: (damage_by_party[party] / total + heads[party] / count) / 2 for party in sorted(heads)}

    @cached_property
    def participants_by_party(self) -> frozenset[tuple[Party, int]]:
        """Everybody on it with whom they fought for."""
        who = [(one.party, one.character_id) for one in (self.victim, *self.attackers)]
        return frozenset([(party, pilot) for party, pilot in who if party is not None and pilot is not None])

    @cached_property
    def attacking_pilots(self) -> tuple[Attacker, ...]:
        """Attacking pilots. Nobody is on one mail twice, whatever a feed says; who shot himself is only the victim."""
        found = {attacker.character_id: attacker for attacker in reversed(self.attackers)}
        ordered = dict.fromkeys(attacker.character_id for attacker in self.attackers)
        return tuple(found[one] for one in ordered if one is not None and one != self.victim.character_id)

    def pilots(self) -> Iterator[int]:
        """Characters seen on the mail, the victim included; NPCs are none."""
        if self.victim.character_id is not None:
            yield self.victim.character_id
        yield from (a.character_id for a in self.attackers if a.character_id is not None)

    def parties(self) -> Iterator[Party]:
        if self.victim.party is not None:
            yield self.victim.party
        yield from (a.party for a in self.attackers if a.party is not None)
