"""Publishes the changes of several battles as one event: a backfilled day changes hundreds of battles at once.

Consumers go by revision, so a repeated delivery may split the same messages into other batches.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from battle_cluster.messaging.events import SOURCE
from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_UPDATED, BATTLES_CHANGED
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import Message
from battlescope_events.publisher import MessageRefused, Publish, PublishingInterrupted
from battlescope_schemas.base import carried
from battlescope_schemas.battle import BattleChunk

MIN_BATCH: Final = 2
"""Every event costs the Broker and each consumer several exchanges, whatever it says."""
_BATCHED_TYPES: Final = frozenset(kind.name for kind in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED))


@dataclass(frozen=True, slots=True)
class BatchingPublisher:
    """A `Publish` that sends at least `MIN_BATCH` battle changes as one claim check, whose object `put` stores."""

    publish: Publish
    put: Callable[[str, bytes], Awaitable[None]]
    clock: Callable[[], datetime]

    async def __call__(self, messages: Sequence[Message]) -> None:
        """Like `Publish`; the object of a batch is stored before its claim check is published.

        The messages of a batch that the Broker refuses are the refused ones.
        """
        changes = [message for message in messages if message.type in _BATCHED_TYPES]
        if len(changes) < MIN_BATCH:
            await self.publish(messages)
            return
        others = [message for message in messages if message.type not in _BATCHED_TYPES]
        batch = await store_batch(changes, self.put, self.clock())
        try:
            await self.publish([batch, *others])
        except MessageRefused as error:
            raise MessageRefused(_of_changes(error.reasons, batch, changes)) from error
        except PublishingInterrupted as error:
            durable_ids = set(error.durable_ids)
            if batch.id in durable_ids:
                durable_ids |= {message.id for message in changes}
            reasons = _of_changes(error.reasons, batch, changes)
            raise PublishingInterrupted(str(error), durable_ids, reasons) from error


def _of_changes(reasons: Mapping[str, str], batch: Message, changes: Sequence[Message]) -> dict[str, str]:
    """The reasons for refusals, with that of the batch as the one of each of its messages."""
    if batch.id not in reasons:
        return dict(reasons)
    refused_changes = {message.id: reasons[batch.id] for message in changes}
    return refused_changes | {event_id: reason for event_id, reason in reasons.items() if event_id != batch.id}


async def store_batch(
    changes: Sequence[Message], put: Callable[[str, bytes], Awaitable[None]], now: datetime
) -> Message:
    """Store battle changes as an object by `put`, and return its claim check."""
    digest, body = await asyncio.to_thread(encode_batch, changes)
    key = f"chunks/battles/{digest}.jsonl.gz"
    await put(key, body)
    payload = BattleChunk(chunk_key=key, count=len(changes), content=carried(body))
    return BATTLES_CHANGED.message(payload, source=SOURCE, key=key, time=now)
