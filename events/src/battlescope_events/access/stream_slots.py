"""Counts the streams that each account has open, exactly across all instances, which share the count in Valkey."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from battlescope_events.edge.limits import MAX_STREAMS
from battlescope_events.valkey.connection import Valkey

if TYPE_CHECKING:
    from redis.asyncio import Redis

EXPIRES_SECONDS: Final = 30.0
"""After this time the streams of a killed instance no longer count."""
RENEW_SECONDS: Final = 10.0
# A sorted set of the open streams by the time at which they expire, by Valkey's clock. A stream that is counted stays,
# whatever the limit; one that is not, also because its time has passed, needs a free slot. Returns: counted or not.
_COUNT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, lifetime = tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= limit then
  return 0
end
redis.call('ZADD', KEYS[1], now + lifetime, ARGV[1])
redis.call('PEXPIRE', KEYS[1], lifetime)
return 1"""


class TooManyStreamsError(Exception):
    """The account has `MAX_STREAMS` streams open already."""


@dataclass(frozen=True, slots=True)
class StreamSlot:
    """One of the streams that an account may have."""

    account_id: UUID
    stream_id: str


class StreamSlots:
    """While Valkey does not answer, each instance counts its own streams; they count everywhere when it is back."""

    def __init__(self, valkey: Valkey, new_id: Callable[[], UUID]) -> None:
        """`new_id` gives the random ids of streams."""
        self._valkey, self._new_id = valkey, new_id
        self._script: Any = None  # made once, since its digest is computed
        self._local: defaultdict[UUID, int] = defaultdict(int)

    @asynccontextmanager
    async def slot(self, account_id: UUID) -> AsyncGenerator[StreamSlot]:
        """Count a stream of the account during the `async with` block, in which `wait_until_lost` renews it.

        Raises:
            TooManyStreamsError: the account has no free slot.
        """
        slot = StreamSlot(account_id, str(self._new_id()))
        if self._local[account_id] >= MAX_STREAMS:
            raise TooManyStreamsError
        self._local[account_id] += 1  # before anything is awaited, so that requests at once count each other
        try:
            if not await self._count(slot):
                raise TooManyStreamsError
            yield slot
        finally:
            self._local[account_id] -= 1
            if not self._local[account_id]:
                del self._local[account_id]
            await self._release(slot)

    async def wait_until_lost(self, slot: StreamSlot) -> None:
        """Renew the slot until others have taken it, because it could not be renewed in time."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if not await self._count(slot):
                return

    async def _count(self, slot: StreamSlot) -> bool:
        """Count or renew the stream; it counts also while Valkey does not answer."""

        async def evaluate(redis: "Redis") -> int:
            if self._script is None:
                self._script = redis.register_script(_COUNT)
            return await self._script([_key(slot)], [slot.stream_id, MAX_STREAMS, int(EXPIRES_SECONDS * 1000)])

        await self._valkey.connect()
        return bool(await self._valkey.run(evaluate, 1))

    async def _release(self, slot: StreamSlot) -> None:
        async def remove(redis: "Redis") -> None:
            command: Any = redis.zrem(_key(slot), slot.stream_id)
            await command

        await self._valkey.run(remove, None)


def _key(slot: StreamSlot) -> str:
    return f"streams:{slot.account_id}"
