"""Removes battles that are too old, and tells of each; then the mails that belong to no battle that stays."""

from datetime import UTC, date, datetime, time
from typing import Final

from battle_cluster.messaging.events import SOURCE
from battle_cluster.persistence.lock_keys import BATCH_LOCK_KEY, lock_keys_for, shared_lock_keys
from battle_cluster.persistence.retention import BATTLES, MAILS, Retired
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import BATTLE_DELETED
from battlescope_events.messages import Message
from battlescope_schemas.battle import BattleDeleted, DeletionReason

MOST: Final = 50
"""Batches of each kind that one event does: 10,000 battles and 50,000 mails; the next day's event takes the rest."""


async def retire(cutoff: date, store: Database, now: datetime) -> None:
    """Remove what is older than the cutoff. Done again it finds nothing; what a death left undone it finds."""
    before = datetime.combine(cutoff, time(), UTC)
    for _ in range(MOST):
        if await _some_battles(before, store, now) < BATTLES:
            break
    for _ in range(MOST):
        if await _some_mails(before, store) < MAILS:
            break


async def _some_battles(before: datetime, store: Database, now: datetime) -> int:
    async with store.transaction() as tx:
        await tx.lock({BATCH_LOCK_KEY}, ())
        gone = await tx.retention.delete_battles(before)
        await tx.retention.delete_ghosts(before)
        await tx.enqueue([_told(battle, now) for battle in gone])
    return len(gone)


async def _some_mails(before: datetime, store: Database) -> int:
    async with store.transaction() as tx:
        old = await tx.retention.old_mails(before)
        mails = [kept.mail for kept in (await tx.mails(old)).values()]
        places = lock_keys_for(mails, nearby=False) | {BATCH_LOCK_KEY}
        await tx.lock(places, shared_lock_keys(places))
        return await tx.retention.delete_mails(mails)


def _told(battle: Retired, now: datetime) -> Message:
    revision = battle.revision + 1
    gone = BattleDeleted(battle_id=battle.battle_id, revision=revision, reason=DeletionReason.RETENTION)
    return BATTLE_DELETED.message(gone, source=SOURCE, key=f"{battle.battle_id}:{revision}", time=now)
