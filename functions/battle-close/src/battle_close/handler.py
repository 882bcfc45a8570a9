"""Each timer event closes every battle that is over and publishes its end, with all other messages of the outbox."""

from typing import Any, Final

from battle_close.store import CLOSE_BATCH, BattleRepository, ClosedBattle
from battlescope_events.catalog import BATTLE_ENDED
from battlescope_events.messages import Event, Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_schemas.battle import BattleEnded, ComputedIsk, IskParts

SOURCE: Final = "battle-close"


async def handle(_: Event[Any], *, database: Database, outbox: Outbox, publish: Publish, feed_delay: int) -> None:
    """Close battles and publish their ends.

    The timer event only triggers a run; the work is read from the database, so a lost or duplicate one is harmless.
    """
    while await _close_batch(database, outbox, feed_delay) == CLOSE_BATCH:
        pass
    await outbox.flush(publish)


async def _close_batch(database: Database, outbox: Outbox, feed_delay: int) -> int:
    async with database.transaction() as connection:
        closed = await BattleRepository(connection).close_inactive(feed_delay)
        await outbox.enqueue(connection, [_ended(battle) for battle in closed])
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
        computed_isk=ComputedIsk(
            high=battle.isk_computed_high,
            medium=battle.isk_computed_medium,
            low=battle.isk_computed_low,
            kills_without_value=battle.kills_without_value,
        ),
        isk_parts=IskParts.of_columns(
            battle.isk_fitted, battle.isk_dropped, battle.kills_without_parts, battle.kills_with_unpriced
        ),
    )
    return BATTLE_ENDED.message(payload, source=SOURCE, key=f"{battle.id}:{battle.revision}", time=battle.closed_at)
