"""Each timer event closes every battle that is over and publishes its end, with all other messages of the outbox."""

from typing import Any

from battle_close.events import end_events
from battle_close.store import CLOSE_BATCH, BattleRepository
from battlescope_events.messages import Event
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish


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
        await outbox.enqueue(connection, end_events(closed))
    return len(closed)
