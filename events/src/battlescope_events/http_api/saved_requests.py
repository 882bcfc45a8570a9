"""What a write does after its transaction: publish its events, and wait for another function to act on them."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from battlescope_events.errors import PermanentError, TransientError

PUBLISH_TIMEOUT: Final = 5.0  # seconds; the client waits for the response meanwhile
MAX_WAIT_SECONDS: Final = 20
# Seconds. A function needs some tenths of a second; growing intervals keep polling cheap while it is far behind.
MIN_POLL_INTERVAL: Final = 0.05
MAX_POLL_INTERVAL: Final = 0.5
_WAIT: Final = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[,;]|$)', re.IGNORECASE | re.ASCII)
_log = logging.getLogger(__name__)


class PendingWork(Protocol):
    """A saved request that another function processes."""

    @property
    def is_finished(self) -> bool: ...


PendingWorkT = TypeVar("PendingWorkT", bound=PendingWork)


async def publish_saved(flush: Callable[[], Awaitable[None]]) -> None:
    """Flush the outbox. A failure is only logged: the events stay in the outbox and go out with the next ones."""
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await flush()
    except (TransientError, PermanentError, TimeoutError) as error:
        _log.warning("Request saved, but publishing failed; the outbox will retry: %s", str(error) or "timeout")


def preferred_wait(prefer: str | None, default: int) -> int:
    """Seconds of the preference `wait` (RFC 7240), at most 20; an invalid preference is ignored, as the RFC demands."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]) if match else default, MAX_WAIT_SECONDS)


async def wait_until_finished(load: Callable[[], Awaitable[PendingWorkT]], seconds: float) -> PendingWorkT:
    """Reload the work until it is finished or `seconds` are over; returns the last state."""
    loop = asyncio.get_running_loop()
    deadline, interval = loop.time() + seconds, MIN_POLL_INTERVAL
    while not (work := await load()).is_finished and (remaining := deadline - loop.time()) > 0:
        await asyncio.sleep(min(interval, remaining))
        interval = min(2 * interval, MAX_POLL_INTERVAL)
    return work
