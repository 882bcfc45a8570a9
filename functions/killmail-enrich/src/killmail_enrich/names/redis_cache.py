"""The hot cache in Valkey: names every process has met, and how long ESI wants to be left alone.

It is a shortcut. While it is away, every answer here is that of an empty cache.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import HARD_SECONDS, Name

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
_NAME_KEY: Final = "esi:names:{}"
# One command: the driver takes 28 ms for a thousand of them, in which nothing else is done here.
_PUT: Final = "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1]) end"
_PAUSE_KEY: Final = "esi:pause"
_ANSWER_SECONDS: Final = 0.25  # slower than the database behind it is no help
_LEAVE_ALONE_SECONDS: Final = 5.0  # after a fault, so that mails do not wait for the same fault one by one


class NameCache:
    """Empty until `connect` was called: importing the driver takes longer than a first mail should."""

    def __init__(self, url: str, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._monotonic = monotonic
        self._redis: Redis | None = None
        self._faults: tuple[type[Exception], ...] = ()
        self._away_until = 0.0

    async def connect(self) -> None:
        self._redis, self._faults = await asyncio.to_thread(_driver, self._url)

    async def close(self) -> None:
        if self._redis:
            await self._redis.aclose()

    async def known(self, entity_ids: Collection[int]) -> dict[int, Name]:
        ids = list(entity_ids)
        keys = [_NAME_KEY.format(entity_id) for entity_id in ids]
        texts: list[Any] = await self._tried(lambda redis: redis.mget(keys), [])
        return {entity_id: _name(entity_id, text) for entity_id, text in zip(ids, texts, strict=False) if text}

    async def put(self, names: Collection[Name]) -> None:
        texts = [orjson.dumps([name.entity_type, name.name, name.fetched_at]) for name in names]
        keys = [_NAME_KEY.format(name.entity_id) for name in names]

        async def write(redis: "Redis") -> None:
            put: Any = redis.register_script(_PUT)
            await put(keys, [int(HARD_SECONDS), *texts])

        if names:
            await self._tried(write, None)

    async def start_cooldown(self, seconds: float) -> None:
        """Tell every process to leave ESI alone; a longer pause is never made shorter."""

        async def write(redis: "Redis") -> None:
            milliseconds = max(1, int(seconds * 1000))
            if not await redis.set(_PAUSE_KEY, "1", px=milliseconds, nx=True):
                await redis.pexpire(_PAUSE_KEY, milliseconds, gt=True)

        await self._tried(write, None)

    async def paused(self) -> float:
        """Seconds for which ESI is to be left alone."""
        milliseconds: int = await self._tried(lambda redis: redis.pttl(_PAUSE_KEY), 0)
        return max(0, milliseconds) / 1000

    async def _tried(self, ask: "Callable[[Redis], Awaitable[T]]", otherwise: T) -> T:
        if self._redis is None or self._monotonic() < self._away_until:
            return otherwise
        try:
            return await ask(self._redis)
        except self._faults:
            self._away_until = self._monotonic() + _LEAVE_ALONE_SECONDS
            return otherwise


def _name(entity_id: int, text: str) -> Name:
    entity_type, name, fetched_at = orjson.loads(text)
    return Name(entity_id, entity_type and EntityType(entity_type), name, fetched_at)


def _driver(url: str) -> "tuple[Redis, tuple[type[Exception], ...]]":
    """One attempt each: the next mail is the next attempt."""
    from redis.asyncio import Redis  # noqa: PLC0415  # see the class
    from redis.asyncio.retry import Retry  # noqa: PLC0415  # as above
    from redis.backoff import NoBackoff  # noqa: PLC0415  # as above
    from redis.exceptions import RedisError  # noqa: PLC0415  # as above

    client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  # its keyword arguments have no types
        url,
        decode_responses=True,
        socket_timeout=_ANSWER_SECONDS,
        socket_connect_timeout=_ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return client, (RedisError, OSError)
