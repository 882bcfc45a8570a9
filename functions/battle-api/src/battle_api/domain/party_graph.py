"""Who shot whom, and who shot together: the parties of a battle as a graph."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from battlescope_schemas.entity import is_player_entity


class PartyKey(NamedTuple):
    """An alliance, or a player corporation without one."""

    party_type: str
    party_id: int


@dataclass(frozen=True, slots=True)
class Shooting:
    """A loss with the parties that shot."""

    victim: PartyKey | None
    attackers: frozenset[PartyKey]
    isk_value: Decimal


@dataclass(slots=True)
class Edge:
    """Between two parties: killmails on which one shot the other, their ISK, and those on which both shot a third."""

    hostile_killmails: int = 0
    hostile_isk: Decimal = Decimal(0)
    joint_killmails: int = 0


def party_key(alliance_id: int | None, corporation_id: int | None) -> PartyKey | None:
    """The party of these ids; None for NPCs and for the members of an NPC corporation, who have nothing in common."""
    if alliance_id and is_player_entity(alliance_id):
        return PartyKey("alliance", alliance_id)
    if corporation_id and is_player_entity(corporation_id):
        return PartyKey("corporation", corporation_id)
    return None


def attacking_parties(
    alliance_ids: Iterable[int], corporation_ids: Iterable[int], alliance_of: Mapping[int, int | None]
) -> frozenset[PartyKey]:
    """The parties of a killmail's attackers, from both lists of ids; `alliance_of` tells a corporation's alliance."""
    keys = [party_key(alliance_id, None) for alliance_id in alliance_ids]
    keys += [party_key(alliance_of.get(corporation_id), corporation_id) for corporation_id in corporation_ids]
    return frozenset(key for key in keys if key is not None)


def party_graph(shootings: Iterable[Shooting]) -> Mapping[tuple[PartyKey, PartyKey], Edge]:
    """The edges by pair of parties, the smaller key first. A loss to the own party is no edge."""
    edges: dict[tuple[PartyKey, PartyKey], Edge] = defaultdict(Edge)
    for shooting in shootings:
        for party in shooting.attackers:
            if shooting.victim is not None and party != shooting.victim:
                edge = edges[min(party, shooting.victim), max(party, shooting.victim)]
                edge.hostile_killmails += 1
                edge.hostile_isk += shooting.isk_value
        for first, second in combinations(sorted(shooting.attackers - {shooting.victim}), 2):
            edges[first, second].joint_killmails += 1
    return edges
