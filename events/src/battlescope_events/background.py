"""Tasks that outlast the request that started them, or that several requests ask for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
CANCEL_AGAIN_SECONDS: Final = 0.5  # longer than the clean-up of a cancelled task takes
_log = logging.getLogger(__name__)


def start_in_background(coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run a coroutine as a task that nobody awaits: its error is logged under `name` when it ends.

    The caller keeps the task, or it may vanish.
    """
    task = asyncio.create_task(coroutine, name=name)
    task.add_done_callback(log_failure)
    return task


def log_failure(task: asyncio.Task[Any]) -> None:
    """A callback for the end of a task: logs the error that ended it, with its stack."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("Background task %s failed: %r", task.get_name(), error, exc_info=error)


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks, and return when all have ended; their results and errors stay in them.

    Before Python 3.12 `asyncio.wait_for`, which the drivers use, loses a cancellation that comes in the moment of its
    result. A task that goes on after one would be waited for without end, so it is cancelled until it ends.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)


async def run_with_renewal(
    work: Coroutine[Any, Any, T], renew: Callable[[], Awaitable[None]], *, interval_seconds: float
) -> T:
    """The result of `work`, beside which a lease is renewed; the first error of the two ends both."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait([task], timeout=interval_seconds))[0]:
            await renew()
    finally:
        await end_tasks(task)
    return task.result()


class CoalescedRuns:
    """Runs a task that many events ask for, and none of them in particular: one run at a time, and one that waits."""

    def __init__(self, task: Callable[[], Awaitable[None]]) -> None:
        self._task = task
        self._turn, self._is_next_waiting = asyncio.Lock(), False

    async def request(self) -> bool:
        """Run the task after the run under way. False, and no run, where another request already waits for that.

        Its run begins after this request, so that it does what this one asks for.
        """
        if self._is_next_waiting:
            return False
        self._is_next_waiting = True
        try:
            await self._turn.acquire()
        finally:
            self._is_next_waiting = False
        try:
            await self._task()
        finally:
            self._turn.release()
        return True
