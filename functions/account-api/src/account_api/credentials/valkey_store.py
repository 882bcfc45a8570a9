"""Valkey for what account-api cannot do without: a command fails instead of giving a default."""

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from battlescope_events.errors import TransientError
from battlescope_events.valkey.connection import Valkey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

T = TypeVar("T")
_UNAVAILABLE: Final[Any] = object()
RETRY_SECONDS: Final = 0.2
"""How long `Valkey` shall send nothing after an error."""
_WAITS: Final = (0.25, 0.25, 0.0)  # seconds after each try; longer than that


async def require(valkey: Valkey, command: "Callable[[Redis], Awaitable[T]]") -> T:
    """The result of the command, which is tried again while Valkey does not answer.

    Raises:
        TransientError: Valkey does not answer for a second.
    """
    await valkey.connect()
    for wait in _WAITS:
        result: Any = await valkey.run(command, _UNAVAILABLE)
        if result is not _UNAVAILABLE:
            return result
        await asyncio.sleep(wait)
    raise TransientError("Valkey does not answer.")
