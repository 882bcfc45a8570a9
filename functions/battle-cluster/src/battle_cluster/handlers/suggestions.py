"""Where battles that have ended might be two: read off once they stand still, since nobody splits a running fight."""

from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.split_suggestions import suggested_splits
from battle_cluster.persistence.unit_of_work import Database

AT_ONCE: Final = 100
MOST: Final = 2000
"""Battles in one go; the rest waits for the next tick, so that no event takes longer than it may."""


async def suggest(store: Database) -> None:
    done = 0
    while done < MOST and (count := await _some(store)):
        done += count


async def _some(store: Database) -> int:
    async with store.transaction() as tx:
        terms = await tx.clustering_config()
        rules = DetectionRules.from_configuration(terms.window_minutes, terms.gap_max_minutes, terms.min_kills)
        found = await tx.ended(AT_ONCE)
        for battle in found:
            mails = await tx.mails(battle.killmail_ids)
            await tx.suggest(battle, suggested_splits((kept.mail for kept in mails.values()), rules))
    return len(found)
