"""What differs between stored rows of battles and computed ones, and what that adds to the counts of entities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from search_index.domain.participation import ALLIANCE, SHIP_TYPE, SYSTEM, EntityKey, Participation

Participations = Mapping[str, Mapping[EntityKey, Participation]]
"""By battle."""
# Without an affiliation, and in so many battles that counting them all again would take longer than the rest of a step.
_SUMMED: Final = frozenset({ALLIANCE, SHIP_TYPE, SYSTEM})


class Increment(NamedTuple):
    """What battles add to the counts of an entity, or take from them. last_seen_at: the latest of what was added."""

    battles: int
    kills: int
    losses: int
    last_seen_at: datetime | None


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
    saved = [
        (battle_id, key, participation)
        for battle_id, participations in computed.items()
        for key, participation in participations.items()
        if stored.get(battle_id, {}).get(key) != participation
    ]
    removed = [
        (battle_id, key)
        for battle_id, participations in stored.items()
        for key in participations
        if key not in computed.get(battle_id, {})
    ]
    recounted = {key for _, key in removed}
    increments: dict[EntityKey, Increment] = {}
    for battle_id, key, participation in saved:
        before = stored.get(battle_id, {}).get(key)
        if key[0] not in _SUMMED or (before is not None and before.last_seen_at > participation.last_seen_at):
            recounted.add(key)
        elif key not in recounted:
            increments[key] = _added(increments.get(key, NO_INCREMENT), before, participation)
    others = {key: increment for key, increment in increments.items() if key not in recounted}
    return ParticipationChanges(saved, removed, frozenset(recounted), others)


def _added(increment: Increment, before: Participation | None, now: Participation) -> Increment:
    kills, losses = (0, 0) if before is None else (before.kills, before.losses)
    seen = increment.last_seen_at
    return Increment(
        increment.battles + (before is None),
        increment.kills + now.kills - kills,
        increment.losses + now.losses - losses,
        now.last_seen_at if seen is None else max(seen, now.last_seen_at),
    )
