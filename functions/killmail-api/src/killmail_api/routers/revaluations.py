"""Routes of jobs that compute the values of stored killmails again: for corrected prices, or other rules."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response

from battlescope_events.http_api.guard import CurrentCaller, Right, Role, requires
from battlescope_events.http_api.responses import uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_jobs.answers import JobAnswers
from battlescope_events.http_jobs.routes import (
    CHANGES_JOB,
    NO_JOB,
    CancelRequest,
    JobKind,
    JobPage,
    accepted_job,
    listed_jobs,
    require_job,
)
from killmail_api.dependencies import Deps
from killmail_api.events import revaluation_requested
from killmail_api.presenters import revaluation_job_item
from killmail_api.repositories.revaluation_jobs import RevaluationJobRepository
from killmail_api.schemas.revaluations import RevaluationJobItem, RevaluationJobs, RevaluationRequest

_READS: Final = requires(Right("battle-reports", Role.ADMIN))
_ADMINISTERS: Final = requires(Right("battle-reports", Role.ADMIN, writes=True))
KIND: Final = JobKind("revaluation job")
JOBS: Final = JobAnswers(KIND, RevaluationJobRepository, revaluation_job_item, RevaluationJobs)
_JOB: Final = "get_revaluation_api_admin_killmails_revaluations_jobs__job_id__get"
_CANCEL: Final = "cancel_revaluation_api_admin_killmails_revaluations_jobs__job_id__cancel_post"
router = ApiRouter(prefix="/api/admin/killmails/revaluations", tags=["administration"])


@router.post(
    "",
    response_model=RevaluationJobItem,
    status_code=202,
    responses=accepted_job(RevaluationJobItem, job=_JOB, cancel=_CANCEL),
    dependencies=[_ADMINISTERS],
)
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


@router.get("/jobs", response_model=RevaluationJobs, responses=listed_jobs(job=_JOB), dependencies=[_READS])
async def list_revaluations(request: Request, query: Annotated[JobPage, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    return await JOBS.list(request, query, deps.database)


@router.get("/jobs/{job_id}", response_model=RevaluationJobItem, responses=NO_JOB, dependencies=[_READS])
async def get_revaluation(request: Request, job_id: UUID, deps: Deps) -> Response:
    """Get the progress of a job."""
    return await JOBS.show(request, job_id, deps.database)


@router.post(
    "/jobs/{job_id}/cancel", response_model=RevaluationJobItem, responses=CHANGES_JOB, dependencies=[_ADMINISTERS]
)
async def cancel_revaluation(
    job_id: UUID, deps: Deps, caller: CurrentCaller, request: Annotated[CancelRequest | None, Body()] = None
) -> Response:
    """Cancel a job. A part that is being processed ends first."""
    return await JOBS.cancel(request, job_id, caller, deps.database, deps.clock())
