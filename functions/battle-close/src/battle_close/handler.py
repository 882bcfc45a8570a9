"""A tick closes every battle that is over and tells so; what a tick before left unsaid is said with it."""

from typing import Any, Final

from battle_close.store import MOST_AT_ONCE, Closed, Store
from battlescope_events.catalog import BATTLE_ENDED
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import Publish
from battlescope_schemas.battle import BattleEnded

SOURCE: Final = "battle-close"


async def handle(_: Event[Any], *, store: Store, publish: Publish, feed_delay: int) -> None:
    """A tick only wakes: what is over is read from the rows, so a lost or repeated one changes nothing."""
    while await _close_batch(store, feed_delay) == MOST_AT_ONCE:
        pass
    await store.flush_outbox(publish)


async def _close_batch(store: Store, feed_delay: int) -> int:
    async with store.transaction() as tx:
        closed = await tx.close(feed_delay)
        await tx.say([_ended(battle) for battle in closed])
    return len(closed)


def _ended(battle: Closed) -> Message:
    """A battle opened again has a higher revision, so its next end is another event."""
    data = BattleEnded(
        battle_id=battle.id,
        revision=battle.revision,
        end_time=battle.end_time,
        total_kills=battle.total_kills,
        total_isk_destroyed=battle.total_isk_destroyed,
        participant_count=battle.total_participants,
    )
    return BATTLE_ENDED.message(data, source=SOURCE, key=f"{battle.id}:{battle.revision}", time=battle.closed_at)
