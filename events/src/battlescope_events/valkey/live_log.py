"""Appends to and reads the live log, whose contract is `live/log.py` in shared-schemas."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from battlescope_events.valkey.connection import Valkey
from battlescope_schemas.live.log import LIVE_LOG_KEY, MAX_LIVE_ENTRIES, LiveKind

if TYPE_CHECKING:
    from redis.asyncio import Redis

# Returns the id of the newest entry; without entries to append it only begins a log that does not exist.
_APPEND: Final = f"""
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XADD', KEYS[1], '*', '{LiveKind.BEGAN}', '{{}}')
end
for i = 2, #ARGV - 1, 2 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', ARGV[i], ARGV[i + 1])
end
return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]"""


class LogPosition(NamedTuple):
    """The id of an entry; positions are ordered as the entries are."""

    milliseconds: int
    number: int

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.number}"


class LogEntry(NamedTuple):
    """An entry: its kind as the publisher wrote it, which a reader may not know, and its JSON."""

    position: LogPosition
    kind: str
    body: str


class LiveLog:
    """The log. While Valkey does not answer, each method says so by its result."""

    def __init__(self, valkey: Valkey, *, max_entries: int = MAX_LIVE_ENTRIES) -> None:
        self._valkey, self._max_entries = valkey, max_entries
        self._script: Any = None  # made once, since its digest is computed

    async def append(self, entries: Sequence[tuple[LiveKind, str]]) -> LogPosition | None:
        """Append entries of a kind and its JSON; the newest position, None if Valkey did not confirm it."""
        arguments = [self._max_entries, *(part for entry in entries for part in entry)]

        async def evaluate(redis: "Redis") -> str:
            if self._script is None:
                self._script = redis.register_script(_APPEND)
            return await self._script([LIVE_LOG_KEY], arguments)

        newest = await self._run(evaluate)
        return None if newest is None else position_of(newest)

    async def begin(self) -> LogPosition | None:
        """The newest position of the log, which exists afterwards; None while Valkey does not answer."""
        return await self.append(())

    async def oldest(self) -> LogPosition | None:
        """The position of the first entry; None while Valkey does not answer, or without a log."""

        async def read(redis: "Redis") -> list[Any]:
            command: Any = redis.xrange(LIVE_LOG_KEY, count=1)
            return await command

        entries = await self._run(read)
        return position_of(entries[0][0]) if entries else None

    async def read(self, after: LogPosition, max_entries: int, wait_ms: int) -> list[LogEntry] | None:
        """The entries after a position, at least one unless none came in `wait_ms`; None if Valkey does not answer.

        The connection's timeout must be longer than the wait.
        """

        async def read(redis: "Redis") -> list[Any]:
            command: Any = redis.xread({LIVE_LOG_KEY: str(after)}, max_entries, wait_ms)
            return await command

        streams = await self._run(read)
        if streams is None:
            return None
        return [_entry(entry_id, fields) for _, entries in streams for entry_id, fields in entries]

    async def _run(self, command: Any) -> Any:
        await self._valkey.connect()
        return await self._valkey.run(command, None)


def _entry(entry_id: str, fields: Mapping[str, str]) -> LogEntry:
    kind, body = next(iter(fields.items()))
    return LogEntry(position_of(entry_id), kind, body)


def position_of(text: str) -> LogPosition:
    """The position that this text names.

    Raises:
        ValueError: it names none.
    """
    milliseconds, _, number = text.partition("-")
    return LogPosition(int(milliseconds), int(number))
