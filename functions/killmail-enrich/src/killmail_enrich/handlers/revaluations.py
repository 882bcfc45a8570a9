"""Computes the values of stored killmails again, part by part, for a job that an administrator requested."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_schemas.prices import RevaluationRequested
from killmail_enrich.events import revaluation_requested
from killmail_enrich.handlers.valuations import PartOutcome, ValuationHandler
from killmail_enrich.persistence.revaluation_jobs import PartProgress, RevaluationJob, RevaluationJobRepository
from killmail_enrich.persistence.valuations import ValuationTransaction

MAX_EMPTY_DAYS: Final = 100  # in one part: each costs a lookup in an index


@dataclass(frozen=True, slots=True)
class RevaluationHandler:
    """A part is up to 500 killmails of a day: their values, the progress and the next request are one transaction."""

    valuations: ValuationHandler

    async def handle(self, event: Event[RevaluationRequested]) -> None:
        """Process a part; one that was done before, or of an ended or cancelled job, changes nothing.

        Raises:
            PermanentError: there is no such job.
        """
        async with self.valuations.repository.transaction() as transaction:
            jobs = RevaluationJobRepository(transaction.connection)
            job = await jobs.start(event.data.job_id, self.valuations.now())
        if job is None:
            raise PermanentError(f"There is no revaluation job {event.data.job_id}.")
        if job.is_next_part(event.data.part):
            await self._process_part(job)
        await self.valuations.outbox.flush(self.valuations.publish)

    async def _process_part(self, job: RevaluationJob) -> None:
        day, after = job.position_day, job.position_id
        for _ in range(MAX_EMPTY_DAYS):
            if day > job.last_day:
                async with self.valuations.repository.transaction() as transaction:
                    jobs = RevaluationJobRepository(transaction.connection)
                    await jobs.complete(job, self.valuations.now())
                return
            if not await self.valuations.valuer.has_prices(day):
                await self.valuations.valuer.want([day])

            async def record(transaction: ValuationTransaction, outcome: PartOutcome, day: date = day) -> None:
                await self._advance(job, transaction, day, outcome)

            part = await self.valuations.value_part(day, after, only_missing=False, record=record)
            if part.last_id is not None:
                return
            day, after = day + timedelta(days=1), 0
        async with self.valuations.repository.transaction() as transaction:
            await self._advance(job, transaction, day, PartOutcome(0))

    async def _advance(
        self, job: RevaluationJob, transaction: ValuationTransaction, day: date, outcome: PartOutcome
    ) -> None:
        progress = PartProgress(day, outcome.last_id or 0, outcome.read, outcome.changed, outcome.without_prices)
        if await RevaluationJobRepository(transaction.connection).advance(job, progress):
            await transaction.enqueue([revaluation_requested(job.id, job.part + 1, self.valuations.now())])
