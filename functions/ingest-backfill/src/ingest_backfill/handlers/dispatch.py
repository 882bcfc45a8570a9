"""Routes each event to its handler; every event also requests due days and flushes the outbox."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from battlescope_events.catalog import DAY_REQUESTED, MANIFEST_UPLOADED
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import DayRequested, Priority
from ingest_backfill.handlers.day_worker import DayWorker
from ingest_backfill.handlers.planner import Planner
from ingest_backfill.persistence.days import Day
from ingest_backfill.persistence.unit_of_work import Database, UnitOfWork

SOURCE: Final = "ingest-backfill"


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Keeps `window` days running, of the `jobs` most urgent open jobs."""

    window: int
    jobs: int
    now: Callable[[], datetime]

    async def request_days(self, uow: UnitOfWork) -> None:
        """In the caller's transaction."""
        days = await uow.schedule.request_days(window=self.window, jobs=self.jobs)
        await uow.enqueue([self._day_requested(d.job_id, d.day, d.priority, d.attempts) for d in days])

    def next_step(self, day: Day, attempts: int) -> Message:
        return self._day_requested(day.job_id, day.day, day.priority, attempts)

    def _day_requested(self, job_id: str, day: Any, priority: Priority, attempts: int) -> Message:
        """The attempt is part of the event id, so that no request counts as a duplicate of an earlier one."""
        payload = DayRequested(job_id=job_id, date=day, priority=priority, attempt=attempts)
        return DAY_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:{day}:{attempts}", time=self.now())


@dataclass(frozen=True, slots=True)
class BackfillHandler:
    """Handles all events that this function consumes."""

    database: Database
    planner: Planner
    worker: DayWorker
    scheduler: Scheduler
    publish: Publish

    async def handle(self, event: Event[Any]) -> None:
        await self._dispatch(event)
        await self.database.outbox.flush(self.publish)

    async def _dispatch(self, event: Event[Any]) -> None:
        if event.type is DAY_REQUESTED:
            await self.worker.process(event.data)
            return
        if event.type is MANIFEST_UPLOADED:
            await self.planner.plan(event.data)
        elif event.type.schema == "tick":
            await self.database.outbox.flush(self.publish)
            await self.planner.plan_unplanned()
        async with self.database.unit_of_work() as uow:
            await self.scheduler.request_days(uow)
