"""Routes of jobs that compute the values of stored killmails again: for corrected prices, or other rules."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response
from pydantic import Field

from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import Right, Role, requires
from battlescope_events.http_api.request_types import WHOLE_NUMBER, OffsetPage
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from killmail_api.dependencies import Deps
from killmail_api.domain.revaluation_job import RevaluationJob
from killmail_api.events import revaluation_requested
from killmail_api.presenters import revaluation_job_item
from killmail_api.repositories.revaluation_jobs import RevaluationJobRepository
from killmail_api.schemas.revaluations import (
    CancelRequest,
    RevaluationJobItem,
    RevaluationJobs,
    RevaluationRequest,
)

_READS: Final = requires(Right("battle-reports", Role.ADMIN))
_ADMINISTERS: Final = requires(Right("battle-reports", Role.ADMIN, writes=True))
_NO_JOB: Final[dict[int | str, dict[str, Any]]] = {404: problem("There is no such job.")}
_CANCEL: Final[dict[int | str, dict[str, Any]]] = {**_NO_JOB, 409: problem("The job has already ended.")}
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": RevaluationJobItem,
        "description": "The job is stored; its route shows the progress.",
        "headers": headers(Location="The job."),
        "links": links(
            {
                "job": "get_revaluation_api_admin_killmails_revaluations_jobs__job_id__get",
                "cancel": "cancel_revaluation_api_admin_killmails_revaluations_jobs__job_id__cancel_post",
            },
            job_id="$response.body#/jobId",
        ),
    }
}

_JOBS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": links(
            {"job": "get_revaluation_api_admin_killmails_revaluations_jobs__job_id__get"},
            job_id="$response.body#/items/0/jobId",
        )
    }
}
router = ApiRouter(prefix="/api/admin/killmails/revaluations", tags=["administration"])


class Page(OffsetPage):
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 20
    offset: Annotated[int, Field(ge=0, le=100_000), WHOLE_NUMBER] = 0


@router.post("", response_model=RevaluationJobItem, status_code=202, responses=_ACCEPTED, dependencies=[_ADMINISTERS])
async def request_revaluation(request: Annotated[RevaluationRequest, Body()], deps: Deps) -> Response:
    """Compute the values of these days again. What zKillboard states stays; equal values change nothing."""
    job_id, now = deps.new_id(), deps.clock()
    async with deps.database.transaction() as connection:
        jobs = RevaluationJobRepository(connection)
        await jobs.insert(job_id, request.first_day, request.last_day, request.author, now)
        await deps.outbox.enqueue(connection, [revaluation_requested(job_id, now)])
        job = await _require_job(jobs, job_id)
    await deps.flush_outbox()
    return uncached_response(revaluation_job_item(job), 202, location=f"{router.prefix}/jobs/{job_id}")


@router.get("/jobs", response_model=RevaluationJobs, responses=_JOBS, dependencies=[_READS])
async def list_revaluations(request: Request, query: Annotated[Page, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    async with deps.database.connection() as connection:
        jobs = RevaluationJobRepository(connection)
        items = [revaluation_job_item(job) for job in await jobs.page(query.limit, query.offset)]
        total = await jobs.count()
    body = RevaluationJobs(items=items, total=total, limit=query.limit, offset=query.offset)
    return current_response(request, body)


@router.get("/jobs/{job_id}", response_model=RevaluationJobItem, responses=_NO_JOB, dependencies=[_READS])
async def get_revaluation(request: Request, job_id: UUID, deps: Deps) -> Response:
    """Get the progress of a job."""
    async with deps.database.connection() as connection:
        job = await _require_job(RevaluationJobRepository(connection), job_id)
    return current_response(request, revaluation_job_item(job))


@router.post("/jobs/{job_id}/cancel", response_model=RevaluationJobItem, responses=_CANCEL, dependencies=[_ADMINISTERS])
async def cancel_revaluation(
    job_id: UUID, deps: Deps, request: Annotated[CancelRequest | None, Body()] = None
) -> Response:
    """Cancel a job. A part that is being processed ends first."""
    author = (request or CancelRequest()).author
    async with deps.database.transaction() as connection:
        jobs = RevaluationJobRepository(connection)
        await jobs.cancel(job_id, author, deps.clock())
        job = await _require_job(jobs, job_id)
    if job.status != "cancelled":
        raise ApiError(409, f"The job {job_id} has already ended: it is {job.status}.")
    return uncached_response(revaluation_job_item(job))


async def _require_job(jobs: RevaluationJobRepository, job_id: UUID) -> RevaluationJob:
    job = await jobs.find(job_id)
    if job is None:
        raise ApiError(404, f"There is no revaluation job {job_id}.")
    return job
