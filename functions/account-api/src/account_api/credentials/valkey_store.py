"""Valkey for what account-api cannot do without: a command fails instead of giving a default."""

from typing import TYPE_CHECKING, Final, TypeVar, cast

from battlescope_events.errors import TransientError
from battlescope_events.valkey.connection import Valkey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

T = TypeVar("T")
_UNAVAILABLE: Final = object()


async def require(valkey: Valkey, command: "Callable[[Redis], Awaitable[T]]") -> T:
    """The result of the command.

    Raises:
        TransientError: Valkey does not answer.
    """
    await valkey.connect()
    result: object = await valkey.run(cast("Callable[[Redis], Awaitable[object]]", command), _UNAVAILABLE)
    if result is _UNAVAILABLE:
        raise TransientError("Valkey does not answer.")
    return cast("T", result)
