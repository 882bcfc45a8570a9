"""Who and what was in a battle, computed from its killmails alone: any order of the same killmails gives the same."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from search_index.domain.killmail import Killmail, Pilot

CHARACTER: Final = "character"
CORPORATION: Final = "corporation"
ALLIANCE: Final = "alliance"
SYSTEM: Final = "system"
SHIP_TYPE: Final = "ship_type"
NAMED: Final = frozenset({CHARACTER, CORPORATION, ALLIANCE})
"""What has a name from ESI; a party of a battle may also be a faction, which is not kept."""

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

    @property
    def affiliation(self) -> "Affiliation":
        return self.corporation_id, self.alliance_id


NO_ROWS: Final[Mapping[EntityKey, Participation]] = {}
Affiliation = tuple[int | None, int | None]
"""Corporation and alliance."""
_NONE: Final[Affiliation] = (None, None)


@dataclass(slots=True)
class _Counts:
    """killmail_id: of the last killmail, which has the affiliation."""

    kills: int
    losses: int
    killmail_id: int
    last_seen_at: datetime
    affiliation: Affiliation


def participations(killmails: Iterable[Killmail]) -> dict[EntityKey, Participation]:
    """The rows of one battle, by their key."""
    counts: dict[EntityKey, _Counts] = {}
    for killmail in sorted(killmails, key=lambda killmail: (killmail.killmail_time, killmail.killmail_id)):
        for key, affiliation in _entities(killmail.attackers).items():
            _see(counts, key, affiliation, killmail).kills += 1
        for key, affiliation in _entities((killmail.victim,)).items():
            _see(counts, key, affiliation, killmail).losses += 1
        _see(counts, (SYSTEM, killmail.system_id), _NONE, killmail).losses += 1
    return {
        key: Participation(row.kills, row.losses, row.last_seen_at, *row.affiliation) for key, row in counts.items()
    }


def with_more(
    rows: Mapping[EntityKey, Participation], more: Mapping[EntityKey, Participation]
) -> dict[EntityKey, Participation] | None:
    """The rows of a battle and those of its new killmails together.

    None where they do not tell which killmail of an entity is the last one: two of one time have other affiliations.
    """
    together = dict(rows)
    for key, added in more.items():
        row = together.get(key)
        if row is None:
            together[key] = added
            continue
        if row.last_seen_at == added.last_seen_at and row.affiliation != added.affiliation:
            return None
        last = max(row, added, key=_seen)
        together[key] = last._replace(kills=row.kills + added.kills, losses=row.losses + added.losses)
    return together


def _seen(row: Participation) -> datetime:
    return row.last_seen_at


def _entities(pilots: Collection[Pilot]) -> dict[EntityKey, Affiliation]:
    """Each entity of these participants once, with its affiliation; of several the greatest, so that no order matters.

    A fleet has few corporations and ships, so that these are taken together before anything is compared.
    """
    entities: dict[EntityKey, Affiliation] = {}
    for corporation_id, alliance_id in sorted({(p.corporation_id, p.alliance_id) for p in pilots}, key=_rank):
        if corporation_id is not None:
            entities[CORPORATION, corporation_id] = None, alliance_id
        if alliance_id is not None:
            entities[ALLIANCE, alliance_id] = _NONE
    entities |= {(SHIP_TYPE, ship): _NONE for ship in {p.ship_type_id for p in pilots} if ship is not None}
    for pilot in pilots:
        if pilot.character_id is not None:
            key, affiliation = (CHARACTER, pilot.character_id), (pilot.corporation_id, pilot.alliance_id)
            entities[key] = max(entities[key], affiliation, key=_rank) if key in entities else affiliation
    return entities


def _see(counts: dict[EntityKey, _Counts], key: EntityKey, affiliation: Affiliation, killmail: Killmail) -> _Counts:
    """The counts of an entity on a killmail that is not before the last one."""
    row = counts.get(key)
    if row is None:
        row = counts[key] = _Counts(0, 0, killmail.killmail_id, killmail.killmail_time, affiliation)
    elif row.killmail_id == killmail.killmail_id:
        row.affiliation = max(row.affiliation, affiliation, key=_rank)
    else:
        row.killmail_id, row.last_seen_at, row.affiliation = killmail.killmail_id, killmail.killmail_time, affiliation
    return row


def _rank(affiliation: Affiliation) -> tuple[int, int]:
    return affiliation[0] or 0, affiliation[1] or 0
