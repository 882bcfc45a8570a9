"""Which ship a capsule was left from."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

# As in detection: a capsule that died later was on its way home.
LONGEST: Final = timedelta(minutes=15)


class PilotLoss(NamedTuple):
    killmail_id: int
    occurred_at: datetime
    character_id: int | None
    is_capsule: bool


def ships_of_capsules(losses: Iterable[PilotLoss]) -> Mapping[int, int]:
    """By killmail id of a capsule: the killmail of the ship that its pilot lost last before."""
    last_ship: dict[int, PilotLoss] = {}
    ships: dict[int, int] = {}
    for loss in sorted(losses, key=lambda loss: (loss.occurred_at, loss.is_capsule, loss.killmail_id)):
        if loss.character_id is None:
            continue
        if not loss.is_capsule:
            last_ship[loss.character_id] = loss
        elif (ship := last_ship.pop(loss.character_id, None)) and loss.occurred_at - ship.occurred_at <= LONGEST:
            ships[loss.killmail_id] = ship.killmail_id
    return ships
