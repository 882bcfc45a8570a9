"""Builds the pilots of a battle from rows."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from battle_api.domain.capsules import PilotLoss, ships_of_capsules
from battle_api.domain.participant_rows import LossRow, ShipRow
from battle_api.schemas import participants as schemas
from battlescope_schemas.ships.hulls import hull_class

_TOP_COUNT: Final = 10


def participant_items(
    pilots: Iterable[schemas.PilotRow], ships: Iterable[ShipRow], losses: Iterable[LossRow]
) -> list[schemas.ParticipantItem]:
    ships_by_pilot: dict[int, list[schemas.ShipFlown]] = defaultdict(list)
    for ship in ships:
        ships_by_pilot[ship.character_id].append(_ship_flown(ship))
    losses_by_pilot = _losses_by_pilot(list(losses))
    return [
        _participant_item(pilot, ships_by_pilot[pilot.character_id], losses_by_pilot[pilot.character_id])
        for pilot in pilots
    ]


def _participant_item(
    pilot: schemas.PilotRow, ships_flown: list[schemas.ShipFlown], losses: list[schemas.PilotLossItem]
) -> schemas.ParticipantItem:
    return schemas.ParticipantItem.model_construct(
        **dict(pilot),
        ship_type_id=ships_flown[0].ship_type_id if ships_flown else None,
        ship_type_name=ships_flown[0].ship_type_name if ships_flown else None,
        ships_flown=ships_flown,
        losses_detail=losses,
    )


def _ship_flown(ship: ShipRow) -> schemas.ShipFlown:
    return schemas.ShipFlown.model_construct(
        ship_type_id=ship.ship_type_id,
        ship_type_name=ship.ship_type_name,
        ship_group_id=ship.group_id,
        hull_class=hull_class(ship.group_id),
        kills=ship.kills,
        losses=ship.losses,
    )


def _losses_by_pilot(losses: list[LossRow]) -> dict[int, list[schemas.PilotLossItem]]:
    """The ships with their capsules; a capsule stands alone only where it was left from no ship of this battle."""
    ships_of_pods = ships_of_capsules(
        PilotLoss(loss.killmail_id, loss.occurred_at, loss.character_id, loss.is_capsule) for loss in losses
    )
    pod_of_ship = {ship: pod for pod, ship in ships_of_pods.items()}
    by_pilot: dict[int, list[schemas.PilotLossItem]] = defaultdict(list)
    for loss in losses:
        if loss.killmail_id not in ships_of_pods:
            item = schemas.PilotLossItem.model_construct(
                killmail_id=loss.killmail_id,
                ship_type_id=loss.ship_type_id,
                isk_value=loss.isk_value,
                occurred_at=loss.occurred_at,
                pod_killmail_id=pod_of_ship.get(loss.killmail_id),
            )
            by_pilot[loss.character_id].append(item)
    return by_pilot


def top_killers(pilots: Iterable[schemas.PilotRow]) -> list[schemas.TopKiller]:
    killers = sorted((p for p in pilots if p.kills), key=lambda p: (-p.kills, -p.isk_destroyed, p.character_id))
    return [schemas.TopKiller(**dict(pilot)) for pilot in killers[:_TOP_COUNT]]


def top_losers(pilots: Iterable[schemas.PilotRow]) -> list[schemas.TopLoser]:
    losers = sorted((p for p in pilots if p.deaths), key=lambda p: (-p.isk_lost, -p.deaths, p.character_id))
    return [schemas.TopLoser(**dict(pilot)) for pilot in losers[:_TOP_COUNT]]
