"""Finds a battle, or says why there is none."""

from http import HTTPStatus
from uuid import UUID

from battle_api.domain.rows import Battle
from battle_api.repositories.battles import BattleRepository
from battlescope_events.http_api.errors import ApiError


class BattleMerged(Exception):
    """The battle was merged into the battle `survivor`."""

    def __init__(self, survivor: UUID) -> None:
        super().__init__(str(survivor))
        self.survivor = survivor


async def require_battle(battles: BattleRepository, battle_id: UUID) -> Battle:
    """The battle with this id.

    Raises:
        BattleMerged: the battle was merged into another one.
        ApiError: the battle was deleted (410) or never existed (404).
    """
    battle = await battles.find(battle_id)
    if battle is not None:
        return battle
    survivor = await battles.find_survivor(battle_id)
    if survivor is not None:
        raise BattleMerged(survivor)
    reason = await battles.find_deletion_reason(battle_id)
    if reason is not None:
        raise ApiError(410, f"The battle {battle_id} is gone: {reason}.")
    raise ApiError(404, f"There is no battle {battle_id}.")


async def ensure_battle_existed(battles: BattleRepository, battle_id: UUID) -> None:
    """Accept existing and deleted battles, because the history of a deleted battle stays readable.

    Raises:
        BattleMerged: the battle was merged into another one.
        ApiError: the battle never existed (404).
    """
    try:
        await require_battle(battles, battle_id)
    except ApiError as error:
        if error.status_code != HTTPStatus.GONE:
            raise
