"""Deletes expired battles, publishes each deletion, then deletes expired killmails that belong to no battle."""

from datetime import UTC, date, datetime, time
from typing import Final

from battle_cluster.domain.lock_keys import BATCH_LOCK_KEY, lock_keys_for
from battle_cluster.messaging.events import retention_event
from battle_cluster.persistence.retention import BATTLES_PER_BATCH, KILLMAILS_PER_BATCH
from battle_cluster.persistence.unit_of_work import Database

MAX_BATCHES: Final = 50
"""Per event and kind, that is 10,000 battles and 50,000 killmails; the next day's event continues."""


async def delete_expired(cutoff: date, database: Database, now: datetime) -> None:
    """Delete what is older than the cutoff. A repeated event finds the rest after a crash, and otherwise nothing."""
    before = datetime.combine(cutoff, time(), UTC)
    for _ in range(MAX_BATCHES):
        if await _delete_battles(before, database, now) < BATTLES_PER_BATCH:
            break
    for _ in range(MAX_BATCHES):
        if await _delete_killmails(before, database) < KILLMAILS_PER_BATCH:
            break


async def _delete_battles(before: datetime, database: Database, now: datetime) -> int:
    async with database.unit_of_work() as uow:
        await uow.lock({BATCH_LOCK_KEY})
        deleted = await uow.retention.delete_battles(before)
        await uow.retention.purge_deleted_battles(before)
        await uow.enqueue([retention_event(battle.battle_id, battle.revision, now) for battle in deleted])
    return len(deleted)


async def _delete_killmails(before: datetime, database: Database) -> int:
    async with database.unit_of_work() as uow:
        expired = await uow.retention.expired_killmails(before)
        killmails = (await uow.killmails.load(expired)).values()
        lock_keys = lock_keys_for(killmails, nearby=False) | {BATCH_LOCK_KEY}
        await uow.lock(lock_keys)
        return await uow.retention.delete_killmails(killmails)
