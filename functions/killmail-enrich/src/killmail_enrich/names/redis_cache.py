"""The cache in Valkey that all processes share: names, and ESI's cooldown.

It is optional: while Valkey is unreachable, the cache behaves as if it were empty.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import USABLE_SECONDS, Name

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
_NAME_KEY: Final = "esi:names:{}"
# One command: the driver takes 28 ms for a thousand single commands and blocks the event loop meanwhile.
_SET_ALL: Final = "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1]) end"
_COOLDOWN_KEY: Final = "esi:pause"
_TIMEOUT_SECONDS: Final = 0.25  # a slower response is no faster than the database
_RETRY_SECONDS: Final = 5.0  # after an error, so that killmails do not run into the same timeout one after the other


class NameCache:
    """Empty until `connect` is called: importing the driver takes longer than a first killmail should wait."""

    def __init__(self, url: str, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._monotonic = monotonic
        self._redis: Redis | None = None
        self._errors: tuple[type[Exception], ...] = ()
        self._unavailable_until = 0.0

    async def connect(self) -> None:
        self._redis, self._errors = await asyncio.to_thread(_driver, self._url)

    async def close(self) -> None:
        if self._redis:
            await self._redis.aclose()

    async def find(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """The cached names by id."""
        ids = list(entity_ids)
        keys = [_NAME_KEY.format(entity_id) for entity_id in ids]
        values: list[Any] = await self._or_default(lambda redis: redis.mget(keys), [])
        return {entity_id: _name(entity_id, value) for entity_id, value in zip(ids, values, strict=False) if value}

    async def put(self, names: Collection[Name]) -> None:
        values = [orjson.dumps([name.entity_type, name.name, name.fetched_at]) for name in names]
        keys = [_NAME_KEY.format(name.entity_id) for name in names]

        async def write(redis: "Redis") -> None:
            set_all: Any = redis.register_script(_SET_ALL)
            await set_all(keys, [int(USABLE_SECONDS), *values])

        if names:
            await self._or_default(write, None)

    async def start_cooldown(self, seconds: float) -> None:
        """Stop the ESI requests of every process for this long; a longer cooldown is never shortened."""

        async def write(redis: "Redis") -> None:
            milliseconds = max(1, int(seconds * 1000))
            if not await redis.set(_COOLDOWN_KEY, "1", px=milliseconds, nx=True):
                await redis.pexpire(_COOLDOWN_KEY, milliseconds, gt=True)

        await self._or_default(write, None)

    async def cooldown_seconds(self) -> float:
        """Seconds until ESI requests are allowed again."""
        milliseconds: int = await self._or_default(lambda redis: redis.pttl(_COOLDOWN_KEY), 0)
        return max(0, milliseconds) / 1000

    async def _or_default(self, command: "Callable[[Redis], Awaitable[T]]", default: T) -> T:
        """The command's result, or the default while Valkey is unreachable."""
        if self._redis is None or self._monotonic() < self._unavailable_until:
            return default
        try:
            return await command(self._redis)
        except self._errors:
            self._unavailable_until = self._monotonic() + _RETRY_SECONDS
            return default


def _name(entity_id: int, value: str) -> Name:
    entity_type, name, fetched_at = orjson.loads(value)
    return Name(entity_id, entity_type and EntityType(entity_type), name, fetched_at)


def _driver(url: str) -> "tuple[Redis, tuple[type[Exception], ...]]":
    """A client that never retries (the next killmail does), and the errors that it raises."""
    from redis.asyncio import Redis  # noqa: PLC0415  # imported late, as the class explains
    from redis.asyncio.retry import Retry  # noqa: PLC0415  # as above
    from redis.backoff import NoBackoff  # noqa: PLC0415  # as above
    from redis.exceptions import RedisError  # noqa: PLC0415  # as above

    client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  # its keyword arguments have no types
        url,
        decode_responses=True,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return client, (RedisError, OSError)
