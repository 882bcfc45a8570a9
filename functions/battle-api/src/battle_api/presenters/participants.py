"""Builds the pilots of a battle from rows."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from battle_api.domain.capsules import PilotLoss, ships_of_capsules
from battle_api.domain.participant_rows import LossDetail, LossRow, Participant, ShipFlown, ShipRow
from battle_api.presenters.lines import text
from battle_api.schemas import participants as schemas
from battlescope_schemas.ships.hulls import hull_class

_TOP_COUNT: Final = 10


def participant_items(
    pilots: Iterable[Participant], ships: Iterable[ShipRow], losses: Iterable[LossRow]
) -> list[Participant]:
    """The pilots, with their ships and losses."""
    ships_by_pilot: dict[int, list[ShipFlown]] = defaultdict(list)
    for ship in ships:
        ships_by_pilot[ship.character_id].append(_ship_flown(ship))
    losses_by_pilot = _losses_by_pilot(list(losses))
    items = list(pilots)
    for pilot in items:
        character_id = int(pilot.character_id)
        pilot.ships_flown, pilot.losses_detail = ships_by_pilot[character_id], losses_by_pilot[character_id]
        if pilot.ships_flown:
            main_ship = pilot.ships_flown[0]
            pilot.ship_type_id, pilot.ship_type_name = main_ship.ship_type_id, main_ship.ship_type_name
    return items


def _ship_flown(ship: ShipRow) -> ShipFlown:
    return ShipFlown(
        ship_type_id=str(ship.ship_type_id),
        ship_type_name=ship.ship_type_name,
        ship_group_id=text(ship.group_id),
        hull_class=hull_class(ship.group_id),
        kills=ship.kills,
        losses=ship.losses,
    )


def _losses_by_pilot(losses: list[LossRow]) -> dict[int, list[LossDetail]]:
    """The ships with their capsules; a capsule stands alone only where it was left from no ship of this battle."""
    ships_of_pods = ships_of_capsules(
        PilotLoss(loss.killmail_id, loss.occurred_at, loss.character_id, loss.is_capsule) for loss in losses
    )
    pod_of_ship = {ship: pod for pod, ship in ships_of_pods.items()}
    by_pilot: dict[int, list[LossDetail]] = defaultdict(list)
    for loss in losses:
        if loss.killmail_id not in ships_of_pods:
            item = LossDetail(
                killmail_id=str(loss.killmail_id),
                ship_type_id=str(loss.ship_type_id),
                isk_value=loss.isk_value,
                occurred_at=loss.occurred_at,
                pod_killmail_id=text(pod_of_ship.get(loss.killmail_id)),
            )
            by_pilot[loss.character_id].append(item)
    return by_pilot


def top_killers(pilots: Iterable[Participant]) -> list[schemas.TopKiller]:
    killers = sorted((p for p in pilots if p.kills), key=lambda p: (-p.kills, -p.isk_destroyed, int(p.character_id)))
    return [
        schemas.TopKiller(
            character_id=int(pilot.character_id),
            character_name=pilot.character_name,
            side_id=pilot.side_id,
            kills=pilot.kills,
            isk_destroyed=pilot.isk_destroyed,
        )
        for pilot in killers[:_TOP_COUNT]
    ]


def top_losers(pilots: Iterable[Participant]) -> list[schemas.TopLoser]:
    losers = sorted((p for p in pilots if p.deaths), key=lambda p: (-p.isk_lost, -p.deaths, int(p.character_id)))
    return [
        schemas.TopLoser(
            character_id=int(pilot.character_id),
            character_name=pilot.character_name,
            side_id=pilot.side_id,
            deaths=pilot.deaths,
            isk_lost=pilot.isk_lost,
        )
        for pilot in losers[:_TOP_COUNT]
    ]
