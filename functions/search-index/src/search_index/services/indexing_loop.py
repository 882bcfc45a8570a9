"""Indexes and copies in the background, a moment after events, so that a burst about one battle is indexed once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from battlescope_events.background import end_tasks, start_in_background
from battlescope_events.errors import PermanentError, TransientError

DELAY_SECONDS: Final = 1.0
"""What is searchable may be this old; one run per second costs less than one per event."""
_log = logging.getLogger(__name__)


class IndexingLoop:
    """The queues are in the database: what a run leaves, the run after the next event or timer event finds."""

    def __init__(self, run: Callable[[], Awaitable[None]], *, delay_seconds: float = DELAY_SECONDS) -> None:
        self._run = run
        self._delay = delay_seconds
        self._is_woken = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Index soon; several calls within the delay are one run."""
        self._is_woken = True
        if self._task is None or self._task.done():
            self._task = start_in_background(self._runs(), "indexing for search")

    async def close(self) -> None:
        if self._task is not None:
            await end_tasks(self._task)

    async def _runs(self) -> None:
        while self._is_woken:
            await asyncio.sleep(self._delay)
            self._is_woken = False
            try:
                await self._run()
            except (TransientError, PermanentError) as error:
                _log.warning("What is queued is not indexed yet: %s", error)
