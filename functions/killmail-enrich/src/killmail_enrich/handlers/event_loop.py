"""Shares the event loop during long loops."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")
_PART_SIZE: Final = 50  # items, after which a live killmail that waits is processed


async def parts_between_other_tasks(items: Iterable[T]) -> AsyncGenerator[Sequence[T]]:
    """The items in order, in parts between which other tasks run."""
    remaining = iter(items)
    while part := tuple(islice(remaining, _PART_SIZE)):
        await asyncio.sleep(0)
        yield part
