"""Cooldowns that the functions of all contexts share. Each key expires after a day without a refusal."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from battlescope_events.upstream.cooldown import NO_COOLDOWN, CooldownState
from battlescope_events.valkey.connection import Valkey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

T = TypeVar("T")
KEY: Final = "upstream:{}:cooldown"
_FIELDS: Final = ("quiet_until", "bans", "failures")  # quiet_until: microseconds of Unix time, exact in Lua's numbers
_EXPIRES_SECONDS: Final = 24 * 3600
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# A shorter cooldown or a lower count never replaces the stored one.
_SAVE: Final = """
for i, name in ipairs({'quiet_until', 'bans', 'failures'}) do
  if tonumber(redis.call('HGET', KEYS[1], name) or '0') < tonumber(ARGV[i]) then
    redis.call('HSET', KEYS[1], name, ARGV[i])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[4])"""
_CLEAR: Final = """
if tonumber(redis.call('HGET', KEYS[1], 'quiet_until') or '0') <= tonumber(ARGV[1]) then
  redis.call('DEL', KEYS[1])
end"""


class ValkeyCooldowns:
    """Implements `Cooldowns`. While Valkey does not answer, there is no cooldown here."""

    def __init__(self, valkey: Valkey, *, connect_at_first_use: bool = True) -> None:
        """Without `connect_at_first_use` somebody else connects, and until then nothing waits for the driver."""
        self._valkey = valkey
        self._connects = connect_at_first_use

    async def load(self, upstream: str) -> CooldownState:
        key = KEY.format(upstream)

        async def read(redis: "Redis") -> list[str | None]:
            fields: Any = redis.hmget(key, _FIELDS)
            return await fields

        values = await self._run(read, [])
        if not values or values[0] is None:
            return NO_COOLDOWN
        quiet_until, bans, failures = (int(value or 0) for value in values)
        return CooldownState(_EPOCH + quiet_until * _MICROSECOND if quiet_until else None, bans, failures)

    async def save(self, upstream: str, state: CooldownState, reason: str) -> None:  # noqa: ARG002  # kept by the database
        values = [_microseconds(state.quiet_until), state.bans, state.failures, _EXPIRES_SECONDS]
        await self._evaluate(_SAVE, KEY.format(upstream), values)

    async def clear(self, upstream: str, ended: CooldownState) -> None:
        await self._evaluate(_CLEAR, KEY.format(upstream), [_microseconds(ended.quiet_until)])

    async def _evaluate(self, script: str, key: str, values: list[int]) -> None:
        async def evaluate(redis: "Redis") -> None:
            registered: Any = redis.register_script(script)
            await registered([key], values)

        await self._run(evaluate, None)

    async def _run(self, command: "Callable[[Redis], Awaitable[T]]", default: T) -> T:
        if self._connects:
            await self._valkey.connect()
        return await self._valkey.run(command, default)


def _microseconds(time: datetime | None) -> int:
    return 0 if time is None else (time - _EPOCH) // _MICROSECOND
