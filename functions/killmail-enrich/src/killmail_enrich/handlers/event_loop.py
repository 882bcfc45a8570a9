"""Shares the event loop during long loops."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")
_YIELD_EVERY: Final = 50  # items, after which a live killmail that waits is processed


async def yielding_to_event_loop(items: Iterable[T]) -> AsyncGenerator[T]:
    """The items in order; other tasks run between some of them."""
    for index, item in enumerate(items):
        if index % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
        yield item
