"""A connection to Valkey for what a function can do without: while Valkey does not answer, commands give a default."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import SecretStr

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
TIMEOUT_SECONDS: Final = 0.25  # a slower response is no faster than the database
MAX_CONNECTIONS: Final = 16  # more commands at once wait for one, instead of a burst that opens hundreds
RETRY_SECONDS: Final = 5.0  # after an error, so that no caller waits for the same timeout again
_log = logging.getLogger(__name__)


class Valkey:
    """The driver is imported by `connect`, in a thread: the import takes longer than a cold start should."""

    def __init__(
        self,
        url: str,
        monotonic: Callable[[], float],
        *,
        retry_seconds: float = RETRY_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the address and a clock in seconds.

        retry_seconds: the time after an error in which no command is sent.
        timeout_seconds: how long a command may take.
        """
        self._url, self._timeout_seconds = url, timeout_seconds
        self._monotonic = monotonic
        self._retry_seconds = retry_seconds
        self._redis: Redis | None = None
        self._errors: tuple[type[Exception], ...] = ()
        self._unavailable_until = 0.0
        self._connecting = asyncio.Lock()

    async def connect(self) -> None:
        """Until this is called, commands give their default. Opens no socket; further calls do nothing."""
        async with self._connecting:
            if self._redis is None:
                self._redis, self._errors = await asyncio.to_thread(_driver, self._url, self._timeout_seconds)

    async def close(self) -> None:
        if self._redis:
            await self._redis.aclose()

    async def run(self, command: "Callable[[Redis], Awaitable[T]]", default: T) -> T:
        """The command's result, or the default while Valkey does not answer, which is logged once per outage."""
        if self._redis is None or self._monotonic() < self._unavailable_until:
            return default
        try:
            result = await command(self._redis)
        except self._errors as error:
            if not self._unavailable_until:
                _log.warning("Valkey does not answer: %s", error)
            self._unavailable_until = self._monotonic() + self._retry_seconds
            return default
        self._unavailable_until = 0.0
        return result


@asynccontextmanager
async def open_valkey(
    url: SecretStr,
    monotonic: Callable[[], float],
    *,
    retry_seconds: float = RETRY_SECONDS,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> AsyncGenerator[Valkey]:
    """A connection that is not yet connected, closed at the end of the `async with` block."""
    valkey = Valkey(url.get_secret_value(), monotonic, retry_seconds=retry_seconds, timeout_seconds=timeout_seconds)
    try:
        yield valkey
    finally:
        await valkey.close()


def _driver(url: str, timeout_seconds: float) -> "tuple[Redis, tuple[type[Exception], ...]]":
    """A client that never retries, because the next command does, and the errors that it raises."""
    from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415  # imported late, as the class explains
    from redis.asyncio.retry import Retry  # noqa: PLC0415  # as above
    from redis.backoff import NoBackoff  # noqa: PLC0415  # as above
    from redis.exceptions import RedisError  # noqa: PLC0415  # as above

    pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]  # its arguments have no types
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=timeout_seconds,
        decode_responses=True,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )
    client = Redis.from_pool(pool)
    return client, (RedisError, OSError)
