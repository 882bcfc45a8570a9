"""Fetches the next files of a busy source while those before them are stored.

What was read ahead is only in memory: the stored position moves with what is stored. So a pass that is not stored
takes back with it what was read after it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from battlescope_events.background import end_tasks
from ingest_poll.feed.batch import FetchedFiles
from ingest_poll.feed.feed_state import FeedPosition


class ReadAhead:
    """At most one pass that is fetched ahead."""

    def __init__(self, fetch: Callable[[FeedPosition], Coroutine[Any, Any, FetchedFiles]]) -> None:
        self._fetch = fetch
        self._position = FeedPosition()
        self._task: asyncio.Task[FetchedFiles] | None = None

    @property
    def is_started(self) -> bool:
        return self._task is not None

    def start(self, position: FeedPosition) -> None:
        """Fetch the files after `position` beside whatever the caller does until it asks for them."""
        if self._task is None:
            self._position, self._task = position, asyncio.create_task(self._fetch(position))

    async def fetch(self, position: FeedPosition) -> FetchedFiles:
        """The next files after `position`: those that were fetched ahead, if they begin there."""
        if self._task is not None and self._position == position:
            task, self._task = self._task, None
            return await task
        await self.drop()
        return await self._fetch(position)

    async def drop(self) -> None:
        """Forget what was fetched ahead, and end its requests."""
        task, self._task = self._task, None
        if task is not None:
            await end_tasks(task)
