"""Suggests where ended battles could be split; a battle that is still open gets no suggestions."""

from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.split_suggestions import suggested_splits
from battle_cluster.persistence.unit_of_work import Database

BATCH_SIZE: Final = 100
MAX_BATTLES: Final = 2000
"""Per event, so that none takes longer than the delivery timeout; the next timer event continues."""


async def suggest_splits(database: Database) -> None:
    done = 0
    while done < MAX_BATTLES and (count := await _process_batch(database)):
        done += count


async def _process_batch(database: Database) -> int:
    async with database.unit_of_work() as uow:
        config = await uow.clustering_config()
        rules = DetectionRules.from_configuration(config.window_minutes, config.gap_max_minutes, config.min_kills)
        battles = await uow.suggestions.ended_battles(BATCH_SIZE)
        for battle in battles:
            killmails = await uow.killmails.load(battle.killmail_ids)
            suggestions = suggested_splits(killmails.values(), rules)
            await uow.suggestions.save(battle, suggestions)
    return len(battles)
