"""The answers of the routes that list, show and cancel jobs of one kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from battlescope_events.http_api.guard import Caller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_jobs.routes import (
    CancelRequest,
    CancelsJobs,
    Job,
    Job_co,
    JobKind,
    JobPage,
    cancel_job,
    require_job,
)
from battlescope_events.postgres.database import Connection, Database


class ListsJobs(CancelsJobs[Job_co], Protocol[Job_co]):
    """Jobs of one kind that can be listed, too."""

    async def page(self, limit: int, offset: int, /) -> Sequence[Job_co]:
        """Jobs, newest first."""
        ...

    async def count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class JobAnswers(Generic[Job]):
    """jobs: the jobs of a connection. item: a job as answers show it. page: the model of a list of them."""

    kind: JobKind
    jobs: Callable[[Connection], ListsJobs[Job]]
    item: Callable[[Job], BaseModel]
    page: Callable[..., BaseModel]

    async def list(self, request: Request, query: JobPage, database: Database) -> Response:
        async with database.connection() as connection:
            jobs = self.jobs(connection)
            items = [self.item(job) for job in await jobs.page(query.limit, query.offset)]
            total = await jobs.count()
        body = self.page(items=items, total=total, limit=query.limit, offset=query.offset)
        return current_response(request, body)

    async def show(self, request: Request, job_id: UUID, database: Database) -> Response:
        """Raises ApiError where there is no such job (404)."""
        async with database.connection() as connection:
            job = await require_job(self.jobs(connection), job_id, self.kind)
        return current_response(request, self.item(job))

    async def cancel(
        self, request: CancelRequest | None, job_id: UUID, caller: Caller, database: Database, now: datetime
    ) -> Response:
        """The job after it was cancelled, by the caller or whom an administration's request names.

        Raises:
            ApiError: there is no such job (404), or it has ended otherwise (409).
        """
        author = caller.author((request or CancelRequest()).author)
        async with database.transaction() as connection:
            job = await cancel_job(self.jobs(connection), job_id, self.kind, author=author, now=now)
        return uncached_response(self.item(job))
