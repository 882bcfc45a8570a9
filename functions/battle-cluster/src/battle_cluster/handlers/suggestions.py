"""Suggests where ended battles could be split; a battle that is still open gets no suggestions."""

from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.split_suggestions import suggested_splits
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.background import CoalescedRuns

BATCH_SIZE: Final = 100
MAX_BATTLES: Final = 2000
"""Per event, so that none takes longer than the delivery timeout; the next timer event continues."""


class SplitSuggester:
    """One run at a time: battles end many at once, and each event only says that there are some."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs = CoalescedRuns(self._suggest)

    async def run(self) -> None:
        """Suggest splits of the battles that have ended.

        Where another call already waits to do so, that one does. If its process ends before, the next timer event does.
        """
        await self._runs.request()

    async def _suggest(self) -> None:
        done = 0
        while done < MAX_BATTLES and (count := await _process_batch(self._database)):
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
