"""Which event leads where, and what every one of them ends with: days requested, and what was decided, said."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from battlescope_events.catalog import DAY_REQUESTED, MANIFEST_UPLOADED
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import DayRequested, Priority
from ingest_backfill.errors import UnavailableError
from ingest_backfill.handlers.day_worker import DayWorker
from ingest_backfill.handlers.planner import Planner
from ingest_backfill.persistence.connection import Connection, enqueue
from ingest_backfill.persistence.days import Day
from ingest_backfill.persistence.jobs import Store
from ingest_backfill.persistence.schedule import schedule_days

SOURCE: Final = "ingest-backfill"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Requests days: `window` at a time, of the `jobs` most urgent open jobs."""

    window: int
    jobs: int
    now: Callable[[], datetime]

    async def request(self, connection: Connection) -> None:
        """In the caller's transaction."""
        found = await schedule_days(connection, window=self.window, jobs=self.jobs)
        said = [self.message(one.job_id, one.day, one.priority, one.attempts) for one in found]
        await enqueue(connection, said)

    def message(self, job_id: str, day: Any, priority: Priority, attempts: int) -> Message:
        """Each request of a day is an event of its own, so that none is taken for one that was handled."""
        data = DayRequested(job_id=job_id, date=day, priority=priority, attempt=attempts)
        return DAY_REQUESTED.message(data, source=SOURCE, key=f"{job_id}:{day}:{attempts}", time=self.now())

    def step(self, day: Day, attempts: int) -> Message:
        return self.message(day.job_id, day.day, day.priority, attempts)


@dataclass(frozen=True, slots=True)
class BackfillHandler:
    """All that this function hears."""

    store: Store
    planner: Planner
    worker: DayWorker
    scheduler: Scheduler
    publish: Publish

    async def handle(self, event: Event[Any]) -> None:
        try:
            await self._hear(event)
            await self.store.flush_outbox(self.publish)
        except UnavailableError as fault:
            raise TransientError(str(fault)) from fault

    async def _hear(self, event: Event[Any]) -> None:
        if event.type is DAY_REQUESTED:
            await self.worker.work(event.data)
            return
        if event.type is MANIFEST_UPLOADED:
            await self.planner.plan(event.data)
        elif event.type.schema == "tick":
            await self.store.flush_outbox(self.publish)
            await self.planner.plan_unplanned()
        async with self.store.transaction() as connection:
            await self.scheduler.request(connection)
