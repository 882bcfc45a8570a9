"""Many changes of battles are said as one event: history makes hundreds at once, and each would cost what a mail costs.

Whoever hears them goes by revision, so it does not matter that a repeated delivery may pack the same words otherwise.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from battle_cluster.messaging.events import SOURCE
from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_UPDATED, BATTLES_CHANGED
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish
from battlescope_schemas.battle import BattleChunk

MANY: Final = 32
"""From so many on: what a live mail changes, a handful of battles at most, is always told one by one."""
_PACKED: Final = frozenset(kind.name for kind in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED))


@dataclass(frozen=True, slots=True)
class BatchingPublisher:
    """Says messages through `publish`; changes of many battles as a chunk, which `put` stores under a key first."""

    publish: Publish
    put: Callable[[str, bytes], Awaitable[None]]
    clock: Callable[[], datetime]

    async def __call__(self, messages: Sequence[Message]) -> None:
        """As `Publish` says; a chunk counts as durable only once its object is."""
        changes = [message for message in messages if message.type in _PACKED]
        if len(changes) < MANY:
            await self.publish(messages)
            return
        others = [message for message in messages if message.type not in _PACKED]
        await self.publish([await self._chunk(changes), *others])

    async def _chunk(self, changes: Sequence[Message]) -> Message:
        digest, body = await asyncio.to_thread(encode_batch, changes)
        key = f"chunks/battles/{digest}.jsonl.gz"
        await self.put(key, body)
        chunk = BattleChunk(chunk_key=key, count=len(changes))
        return BATTLES_CHANGED.message(chunk, source=SOURCE, key=key, time=self.clock())
