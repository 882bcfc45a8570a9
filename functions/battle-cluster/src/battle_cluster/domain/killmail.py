"""A killmail as the battle context stores it: participants, system, time and value."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from battle_cluster.domain.cached_attribute import CachedAttribute
from battlescope_schemas.entity import is_npc_participant, is_player_entity


class PartyKind(StrEnum):
    ALLIANCE = "alliance"
    CORPORATION = "corporation"
    FACTION = "faction"
    CHARACTER = "character"

    __hash__ = str.__hash__  # Enum.__hash__ is a Python function, and parties are dictionary keys in every step


class Party(NamedTuple):
    """The alliance or the player corporation; for members of NPC corporations the militia or the pilot alone."""

    kind: PartyKind
    id: int


def party_of(
    character_id: int | None, corporation_id: int | None, alliance_id: int | None, faction_id: int | None
) -> Party | None:
    """The party a participant fights for; None for an NPC.

    The members of an NPC corporation have nothing in common, so the militia counts, or the pilot alone.
    """
    if is_npc_participant(character_id, corporation_id, alliance_id):
        return None
    if alliance_id and is_player_entity(alliance_id):
        return Party(PartyKind.ALLIANCE, alliance_id)
    if corporation_id and is_player_entity(corporation_id):
        return Party(PartyKind.CORPORATION, corporation_id)
    if faction_id:
        return Party(PartyKind.FACTION, faction_id)
    return Party(PartyKind.CHARACTER, character_id) if character_id else None


def pilot_of(character_id: int | None) -> int | None:
    """The character id of a player; None for an NPC."""
    return character_id if is_player_entity(character_id) else None


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
    """The participant that lost the ship. A structure has its owner's party and no character."""

    character_id: int | None
    corporation_id: int | None
    alliance_id: int | None
    party: Party | None
    ship_type_id: int
    ship_group_id: int | None
    ship_category_id: int | None


class ValueBasis(StrEnum):
    """Where the value of a killmail comes from, and how sure a computed one is."""

    UNKNOWN = "unknown"
    ZKB = "zkb"
    COMPUTED_HIGH = "computed-high"
    COMPUTED_MEDIUM = "computed-medium"
    COMPUTED_LOW = "computed-low"

    __hash__ = str.__hash__


class ValueParts(NamedTuple):
    """Parts of the value of a killmail in ISK; None while unknown.

    fitted: the hull and what was in its slots, so the value without cargo. dropped: what could be looted.
    unpriced: how many types of items have no price, if the value is computed.
    """

    fitted: float | None = None
    dropped: float | None = None
    unpriced: int = 0


NO_PARTS: Final = ValueParts()


class KillmailFlags(NamedTuple):
    """What killmail-enrich says of a killmail: a loss to NPCs, to a single pilot, to the own side."""

    npc: bool = False
    solo: bool = False
    awox: bool = False


NO_FLAGS: Final = KillmailFlags()


class Location(NamedTuple):
    """Where a killmail happened."""

    system_id: int
    region_id: int
    security_type: str


@dataclass(frozen=True)
class Killmail:
    """One loss. `time` is in whole seconds since 1970 UTC, `value` in ISK (0 when unknown).

    `region_id`, `security_type`, `flags` and `historical` (it came by a backfill) are shown with battles; grouping
    needs none of them. `value_revision` counts the values that the feed has given it since the first one,
    `valuation_revision` how often its value was computed again; a killmail with another value is another object. A
    killmail is immutable and is read again for every killmail near it, so derived properties are cached.
    """

    killmail_id: int
    time: int
    system_id: int
    value: float
    victim: Victim
    attackers: tuple[Attacker, ...]
    nearby_system_ids: frozenset[int] = frozenset()
    region_id: int = 0
    security_type: str = ""
    historical: bool = False
    value_revision: int = 0
    valuation_revision: int = 0
    value_basis: ValueBasis = ValueBasis.ZKB
    value_parts: ValueParts = NO_PARTS
    flags: KillmailFlags = NO_FLAGS

    @property
    def value_order(self) -> tuple[int, int]:
        """Of two values of a killmail the one with the higher order counts, whichever arrives first."""
        return self.value_revision, self.valuation_revision

    @property
    def location(self) -> Location:
        return Location(self.system_id, self.region_id, self.security_type)

    @CachedAttribute
    def pilot_ids(self) -> frozenset[int]:
        character_ids = {attacker.character_id for attacker in self.attackers} | {self.victim.character_id}
        return frozenset(pilot for pilot in character_ids if pilot is not None)

    @CachedAttribute
    def party_ids(self) -> frozenset[Party]:
        parties = {attacker.party for attacker in self.attackers} | {self.victim.party}
        return frozenset(party for party in parties if party is not None)

    @CachedAttribute
    def attacking_corporations(self) -> frozenset[int | None]:
        return frozenset(attacker.corporation_id for attacker in self.attackers)

    @CachedAttribute
    def has_attacking_player(self) -> bool:
        """Whether a player attacked, or a structure of players did."""
        return any([attacker.party is not None for attacker in self.attackers])  # noqa: C419  # faster for few

    @CachedAttribute
    def damage_by_party(self) -> dict[Party, int]:
        """Damage of each attacking party; a party without damage has 0."""
        damage: dict[Party, int] = {}
        for attacker in self.attackers:
            party, done = attacker.party, attacker.damage_done
            if party is not None:
                damage[party] = damage.get(party, 0) + (done if done > 0 else 0)  # noqa: FURB136  # max() is slower here
        return damage

    @CachedAttribute
    def attackers_by_party(self) -> dict[Party, int]:
        """Number of attackers of each attacking party."""
        counts: dict[Party, int] = {}
        for attacker in self.attackers:
            party = attacker.party
            if party is not None:
                counts[party] = counts.get(party, 0) + 1
        return counts

    @CachedAttribute
    def involvement_shares(self) -> dict[Party, float]:
        """Share of each attacking party: half by damage, half by number of attackers.

        So tackle without damage counts, and one ship with high damage does not dominate.
        """
        damage_by_party = self.damage_by_party
        if len(damage_by_party) == 1:
            return dict.fromkeys(damage_by_party, 1.0)
        attacker_counts = self.attackers_by_party
        damage, count = sum(damage_by_party.values()), sum(attacker_counts.values())
        if damage <= 0:
            return {party: attacker_counts[party] / count for party in sorted(attacker_counts)}
        return {
            party: (damage_by_party[party] / damage + attacker_counts[party] / count) / 2
            for party in sorted(attacker_counts)
        }

    @CachedAttribute
    def participants_by_party(self) -> frozenset[tuple[Party, int]]:
        """Pairs of party and pilot, victim and attackers."""
        participants = [(person.party, person.character_id) for person in (self.victim, *self.attackers)]
        return frozenset([(party, pilot) for party, pilot in participants if party is not None and pilot is not None])

    @CachedAttribute
    def attacking_pilots(self) -> tuple[Attacker, ...]:
        """Attacking pilots, each once even if the feed repeats one. A pilot who shot himself is only the victim."""
        pilots: dict[int, Attacker] = {}
        victim_id = self.victim.character_id
        for attacker in self.attackers:
            character_id = attacker.character_id
            if character_id is not None and character_id != victim_id and character_id not in pilots:
                pilots[character_id] = attacker
        return tuple(pilots.values())

    def pilots(self) -> Iterator[int]:
        """Character ids of the victim and the attackers, in this order, with repetitions; without NPCs."""
        if self.victim.character_id is not None:
            yield self.victim.character_id
        yield from (a.character_id for a in self.attackers if a.character_id is not None)

    def parties(self) -> Iterator[Party]:
        """Parties of the victim and the attackers, in this order, with repetitions."""
        if self.victim.party is not None:
            yield self.victim.party
        yield from (a.party for a in self.attackers if a.party is not None)
