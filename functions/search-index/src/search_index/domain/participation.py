"""Who and what was in a battle, computed from its killmails alone: any order of the same killmails gives the same."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple

from search_index.domain.entity_key import ALLIANCE, CHARACTER, CORPORATION, SHIP_TYPE, SYSTEM, EntityKey
from search_index.domain.killmail import Killmail, Pilot


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


def participations(killmails: Iterable[Killmail]) -> dict[EntityKey, Participation]:
    """The rows of one battle, by their key."""
    ordered = sorted(killmails, key=lambda killmail: (killmail.killmail_time, killmail.killmail_id))
    attackers = [_entities(killmail.attackers) for killmail in ordered]
    victims = [_entities((killmail.victim,)) | {(SYSTEM, killmail.system_id): _NONE} for killmail in ordered]
    kills, losses = Counter(chain.from_iterable(attackers)), Counter(chain.from_iterable(victims))
    last_seen_at: dict[EntityKey, datetime] = {}
    affiliations: dict[EntityKey, Affiliation] = {}
    for killmail, attacking, lost in zip(ordered, attackers, victims, strict=True):
        seen = attacking | lost
        for key in attacking.keys() & lost.keys():
            seen[key] = max(attacking[key], lost[key], key=_rank)
        affiliations |= seen
        last_seen_at |= dict.fromkeys(seen, killmail.killmail_time)
    return {
        key: Participation(kills.get(key, 0), losses.get(key, 0), last_seen_at[key], *affiliation)
        for key, affiliation in affiliations.items()
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
    for corporation_id, alliance_id in sorted({pilot[1:3] for pilot in pilots}, key=_rank):
        if corporation_id is not None:
            entities[CORPORATION, corporation_id] = None, alliance_id
        if alliance_id is not None:
            entities[ALLIANCE, alliance_id] = _NONE
    for character_id, corporation_id, alliance_id, ship_type_id in pilots:
        if ship_type_id is not None:
            entities[SHIP_TYPE, ship_type_id] = _NONE
        if character_id is not None:
            affiliation = corporation_id, alliance_id
            existing = entities.setdefault((CHARACTER, character_id), affiliation)
            if existing is not affiliation:
                entities[CHARACTER, character_id] = max(existing, affiliation, key=_rank)
    return entities


def _rank(affiliation: Affiliation) -> tuple[int, int]:
    return affiliation[0] or 0, affiliation[1] or 0
