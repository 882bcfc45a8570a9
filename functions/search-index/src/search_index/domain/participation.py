"""Who and what was in a battle, computed from its killmails alone: any order of the same killmails gives the same."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from search_index.domain.killmail import Killmail, Pilot

CHARACTER: Final = "character"
CORPORATION: Final = "corporation"
ALLIANCE: Final = "alliance"
SYSTEM: Final = "system"
SHIP_TYPE: Final = "ship_type"

EntityKey = tuple[str, int]
"""Entity type and id."""


class Participation(NamedTuple):
    """A row of `battle_entities`.

    kills: killmails on which it is among the attackers. losses: killmails on which it is the victim. For a system
    `losses` counts its killmails. corporation_id, alliance_id: those on its last killmail in the battle.
    """

    kills: int
    losses: int
    last_seen_at: datetime
    corporation_id: int | None = None
    alliance_id: int | None = None


class _Affiliation(NamedTuple):
    seen: tuple[datetime, int]
    corporation_id: int | None
    alliance_id: int | None


def participations(killmails: Iterable[Killmail]) -> dict[EntityKey, Participation]:
    """The rows of one battle, by their key."""
    counts: dict[EntityKey, list[int]] = {}
    seen: dict[EntityKey, _Affiliation] = {}
    for killmail in killmails:
        when = killmail.killmail_time, killmail.killmail_id
        attackers: set[EntityKey] = set()
        for attacker in killmail.attackers:
            for key, affiliation in _affiliations(attacker):
                attackers.add(key)
                _see(seen, key, _Affiliation(when, *affiliation))
        for key in attackers:
            _count(counts, key, is_loss=False)
        for key, affiliation in _affiliations(killmail.victim):
            _count(counts, key, is_loss=True)
            _see(seen, key, _Affiliation(when, *affiliation))
        system = SYSTEM, killmail.system_id
        _count(counts, system, is_loss=True)
        _see(seen, system, _Affiliation(when, None, None))
    return {
        key: Participation(kills, losses, seen[key].seen[0], seen[key].corporation_id, seen[key].alliance_id)
        for key, (kills, losses) in counts.items()
    }


def _affiliations(pilot: Pilot) -> Iterator[tuple[EntityKey, tuple[int | None, int | None]]]:
    """Each entity of a participant, with its own corporation and alliance."""
    if pilot.character_id is not None:
        yield (CHARACTER, pilot.character_id), (pilot.corporation_id, pilot.alliance_id)
    if pilot.corporation_id is not None:
        yield (CORPORATION, pilot.corporation_id), (None, pilot.alliance_id)
    if pilot.alliance_id is not None:
        yield (ALLIANCE, pilot.alliance_id), (None, None)
    if pilot.ship_type_id is not None:
        yield (SHIP_TYPE, pilot.ship_type_id), (None, None)


def _count(counts: dict[EntityKey, list[int]], key: EntityKey, *, is_loss: bool) -> None:
    counts.setdefault(key, [0, 0])[is_loss] += 1


def _see(seen: dict[EntityKey, _Affiliation], key: EntityKey, affiliation: _Affiliation) -> None:
    """Keep the last one; of several participants of one killmail the greatest ids, so that no order matters."""
    current = seen.get(key)
    if current is None or _rank(affiliation) > _rank(current):
        seen[key] = affiliation


def _rank(affiliation: _Affiliation) -> tuple[tuple[datetime, int], int, int]:
    return affiliation.seen, affiliation.corporation_id or 0, affiliation.alliance_id or 0
