"""Each timer event closes every battle that is over and publishes its end, with all other messages of the outbox."""

from typing import Any, Final

from battle_close.store import CLOSE_BATCH, ClosedBattle, Database
from battlescope_events.catalog import BATTLE_ENDED
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import Publish
from battlescope_schemas.battle import BattleEnded

SOURCE: Final = "battle-close"


async def handle(_: Event[Any], *, database: Database, publish: Publish, feed_delay: int) -> None:
    """Close battles and publish their ends.

    The timer event only triggers a run; the work is read from the database, so a lost or duplicate one is harmless.
    """
    while await _close_batch(database, feed_delay) == CLOSE_BATCH:
        pass
    await database.flush_outbox(publish)


async def _close_batch(database: Database, feed_delay: int) -> int:
    async with database.unit_of_work() as uow:
        closed = await uow.close_battles(feed_delay)
        await uow.enqueue([_ended(battle) for battle in closed])
    return len(closed)


def _ended(battle: ClosedBattle) -> Message:
    """A reopened battle has a higher revision, so its next end is another event."""
    payload = BattleEnded(
        battle_id=battle.id,
        revision=battle.revision,
        end_time=battle.end_time,
        total_kills=battle.total_kills,
        total_isk_destroyed=battle.total_isk_destroyed,
        participant_count=battle.total_participants,
    )
    return BATTLE_ENDED.message(payload, source=SOURCE, key=f"{battle.id}:{battle.revision}", time=battle.closed_at)
