"""Records denials as `audit.recorded` events: the one way for every HTTP function, bounded for each caller."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from battlescope_events.access.credentials import counted_network
from battlescope_events.background import end_tasks, start_in_background
from battlescope_events.catalog import AUDIT_RECORDED
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.publisher import MessageRefused, Publish, PublishingInterrupted
from battlescope_schemas.accounts.account import AuditAction, AuditRecord

RECORDS_A_MINUTE: Final = 10
"""Of one caller; further ones are counted, and the next record of the caller has their number."""
MAX_CALLERS: Final = 1000  # whose records are counted; the one who was denied longest ago is forgotten first
MAX_PENDING: Final = 1000  # records that wait for the Broker; further ones are lost, which is logged
BATCH: Final = 50
RETRY_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 2.0  # for what is left when the function stops
_WINDOW_SECONDS: Final = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused request. `actor` is None for callers who are not logged in, and where nobody asked who they are."""

    actor: UUID | None
    ip: str
    user_agent: str | None
    path: str
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """A minute of one caller."""

    until: float
    recorded: int = 0
    left_out: int = 0


class DenialRecorder:
    def __init__(
        self,
        publish: Publish,
        source: str,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        new_id: Callable[[], UUID],
    ) -> None:
        """`source` is the function that publishes."""
        self._publish, self._source = publish, source
        self._now, self._monotonic, self._new_id = now, monotonic, new_id
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._pending: deque[Message] = deque()
        self._has_pending = asyncio.Event()

    def record(self, denial: Denial) -> None:
        """Record the denial, unless its caller was recorded too often in this minute. Waits for nothing."""
        caller = str(denial.actor or counted_network(denial.ip))
        window = self._window(caller)
        if window.recorded >= RECORDS_A_MINUTE:
            self._windows[caller] = replace(window, left_out=window.left_out + 1)
            return
        self._windows[caller] = replace(window, recorded=window.recorded + 1, left_out=0)
        if len(self._pending) >= MAX_PENDING:
            _log.error("The record of a denial is lost, because %d others wait for the Broker.", MAX_PENDING)
            return
        self._pending.append(self._message(denial, window.left_out))
        self._has_pending.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["DenialRecorder"]:
        """Publish records in the background during the `async with` block, and what is left at its end."""
        task = start_in_background(self._publish_forever(), "records of denials")
        try:
            yield self
        finally:
            await end_tasks(task)
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._publish_pending()
            except (TransientError, TimeoutError):
                _log.error("%d records of denials are lost: the Broker does not answer.", len(self._pending))

    def _window(self, caller: str) -> _Window:
        """The current minute of the caller; a new one inherits the number of what the last one left out."""
        now, window = self._monotonic(), self._windows.get(caller)
        if window is None or now >= window.until:
            window = _Window(now + _WINDOW_SECONDS, left_out=window.left_out if window else 0)
        self._windows[caller] = window
        self._windows.move_to_end(caller)
        while len(self._windows) > MAX_CALLERS:
            self._windows.popitem(last=False)
        return window

    def _message(self, denial: Denial, left_out: int) -> Message:
        metadata: dict[str, Any] = {"service": self._source, "path": denial.path, **dict(denial.metadata)}
        record = AuditRecord(
            id=self._new_id(),
            action=AuditAction.AUTHORIZATION_DENIED,
            occurred_at=self._now(),
            actor=denial.actor,
            metadata={**metadata, **({"leftOut": left_out} if left_out else {})},
            ip=denial.ip,
            user_agent=denial.user_agent,
        )
        return AUDIT_RECORDED.message(record, source=self._source, key=str(record.id), time=record.occurred_at)

    async def _publish_forever(self) -> None:
        is_logged = False
        while True:
            await self._has_pending.wait()
            try:
                await self._publish_pending()
                is_logged = False
            except TransientError as error:
                if not is_logged:
                    _log.warning("Records of denials wait for the Broker: %s", error)
                is_logged = True
                await asyncio.sleep(RETRY_SECONDS)

    async def _publish_pending(self) -> None:
        """Publish everything in batches. Raises `TransientError`: the Broker does not take the rest now."""
        while self._pending:
            batch = list(self._pending)[:BATCH]
            try:
                await self._publish(batch)
            except PublishingInterrupted as error:
                self._drop({*error.durable_ids, *error.reasons})
                raise
            except MessageRefused as error:
                _log.error("Records of denials are refused: %s", error)
            self._drop({message.id for message in batch})
        self._has_pending.clear()

    def _drop(self, ids: Collection[str]) -> None:
        self._pending = deque(message for message in self._pending if message.id not in ids)
