"""Routes of jobs that compute the values of stored killmails again: for corrected prices, or other rules."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response

from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.guard import CurrentCaller, Right, Role, requires
from battlescope_events.http_api.jobs import (
    CHANGES_JOB,
    NO_JOB,
    CancelRequest,
    JobKind,
    JobPage,
    cancel_job,
    require_job,
)
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from killmail_api.dependencies import Deps
from killmail_api.events import revaluation_requested
from killmail_api.presenters import revaluation_job_item
from killmail_api.repositories.revaluation_jobs import RevaluationJobRepository
from killmail_api.schemas.revaluations import RevaluationJobItem, RevaluationJobs, RevaluationRequest

_READS: Final = requires(Right("battle-reports", Role.ADMIN))
_ADMINISTERS: Final = requires(Right("battle-reports", Role.ADMIN, writes=True))
KIND: Final = JobKind("revaluation job")
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


@router.post("", response_model=RevaluationJobItem, status_code=202, responses=_ACCEPTED, dependencies=[_ADMINISTERS])
async def request_revaluation(
    request: Annotated[RevaluationRequest, Body()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Compute the values of these days again. What zKillboard states stays; equal values change nothing."""
    job_id, now = deps.new_id(), deps.clock()
    async with deps.database.transaction() as connection:
        jobs = RevaluationJobRepository(connection)
        await jobs.insert(job_id, request.first_day, request.last_day, caller.author(request.author), now)
        await deps.outbox.enqueue(connection, [revaluation_requested(job_id, now)])
        job = await require_job(jobs, job_id, KIND)
    await deps.flush_outbox()
    return uncached_response(revaluation_job_item(job), 202, location=f"{router.prefix}/jobs/{job_id}")


@router.get("/jobs", response_model=RevaluationJobs, responses=_JOBS, dependencies=[_READS])
async def list_revaluations(request: Request, query: Annotated[JobPage, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    async with deps.database.connection() as connection:
        jobs = RevaluationJobRepository(connection)
        items = [revaluation_job_item(job) for job in await jobs.page(query.limit, query.offset)]
        total = await jobs.count()
    body = RevaluationJobs(items=items, total=total, limit=query.limit, offset=query.offset)
    return current_response(request, body)


@router.get("/jobs/{job_id}", response_model=RevaluationJobItem, responses=NO_JOB, dependencies=[_READS])
async def get_revaluation(request: Request, job_id: UUID, deps: Deps) -> Response:
    """Get the progress of a job."""
    async with deps.database.connection() as connection:
        job = await require_job(RevaluationJobRepository(connection), job_id, KIND)
    return current_response(request, revaluation_job_item(job))


@router.post(
    "/jobs/{job_id}/cancel", response_model=RevaluationJobItem, responses=CHANGES_JOB, dependencies=[_ADMINISTERS]
)
async def cancel_revaluation(
    job_id: UUID, deps: Deps, caller: CurrentCaller, request: Annotated[CancelRequest | None, Body()] = None
) -> Response:
    """Cancel a job. A part that is being processed ends first."""
    author = caller.author((request or CancelRequest()).author)
    async with deps.database.transaction() as connection:
        job = await cancel_job(RevaluationJobRepository(connection), job_id, KIND, author=author, now=deps.clock())
    return uncached_response(revaluation_job_item(job))
