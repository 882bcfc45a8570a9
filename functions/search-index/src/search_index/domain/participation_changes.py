"""What differs between stored rows of battles and computed ones, and what that adds to the counts of entities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from search_index.domain.entity_key import EntityKey
from search_index.domain.participation import NO_ROWS, Affiliation, Participation

Participations = Mapping[str, Mapping[EntityKey, Participation]]
"""By battle."""


class Increment(NamedTuple):
    """What battles add to the counts of an entity.

    last_seen_at, affiliation: of the latest killmail that was added; None where none is later than before.
    """

    battles: int
    kills: int
    losses: int
    last_seen_at: datetime | None
    affiliation: Affiliation = (None, None)


NO_INCREMENT: Final = Increment(0, 0, 0, None)


@dataclass(frozen=True, slots=True)
class ParticipationChanges:
    """saved, removed: each with its battle; rows that stay the same are not written.

    recounted: entities whose battles must be read to count them. increments: what the counts of the others change by.
    """

    saved: Sequence[tuple[str, EntityKey, Participation]]
    removed: Sequence[tuple[str, EntityKey]]
    recounted: frozenset[EntityKey]
    increments: Mapping[EntityKey, Increment]


def changes(stored: Participations, computed: Participations) -> ParticipationChanges:
    """`stored` may lack battles."""
    saved: list[tuple[str, EntityKey, Participation]] = []
    recounted = set[EntityKey]()
    increments: dict[EntityKey, Increment] = {}
    for battle_id, participations in computed.items():
        before = stored.get(battle_id, NO_ROWS)
        for key, participation in participations.items():
            row = before.get(key)
            if row == participation:
                continue
            saved.append((battle_id, key, participation))
            increment = _added(increments.get(key, NO_INCREMENT), row, participation)
            if increment is None:
                recounted.add(key)
            else:
                increments[key] = increment
    removed = [
        (battle_id, key)
        for battle_id, participations in stored.items()
        for key in participations.keys() - computed.get(battle_id, NO_ROWS).keys()
    ]
    recounted.update(key for _, key in removed)
    others = {key: increment for key, increment in increments.items() if key not in recounted}
    return ParticipationChanges(saved, removed, frozenset(recounted), others)


def _added(increment: Increment, before: Participation | None, now: Participation) -> Increment | None:
    """The increment with what a battle adds; None where only its battles tell when it was seen last, and where."""
    battles, kills, losses, seen, affiliation = increment
    if before is None:
        is_later, battles = True, battles + 1
    else:
        is_later, kills, losses = now.last_seen_at > before.last_seen_at, kills - before.kills, losses - before.losses
        if not is_later and (now.last_seen_at, now.affiliation) != (before.last_seen_at, before.affiliation):
            return None
    if is_later and (seen is None or now.last_seen_at >= seen):
        if seen == now.last_seen_at and affiliation != now.affiliation:
            return None
        seen, affiliation = now.last_seen_at, now.affiliation
    return Increment(battles, kills + now.kills, losses + now.losses, seen, affiliation)
