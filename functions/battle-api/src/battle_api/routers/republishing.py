"""Routes of jobs that republish current battles for consumers that were empty or missed events."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response

from battle_api.dependencies import Deps
from battle_api.events import republish_requested
from battle_api.repositories.republishing import RepublishJobRepository
from battle_api.rights import ADMINISTERS, READS_ADMINISTRATION
from battle_api.schemas.republishing import RepublishJobItem, RepublishJobs, RepublishRequest, republish_job_item
from battlescope_events.http_api.guard import CurrentCaller
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

KIND: Final = JobKind("republishing job")
JOBS: Final = JobAnswers(KIND, RepublishJobRepository, republish_job_item, RepublishJobs)
_JOB: Final = "get_republishing_job_api_admin_battles_republish_jobs__job_id__get"
_CANCEL: Final = "cancel_republishing_api_admin_battles_republish_jobs__job_id__cancel_post"
router = ApiRouter(prefix="/api/admin/battles/republish", tags=["administration"])


@router.post(
    "",
    response_model=RepublishJobItem,
    status_code=202,
    responses=accepted_job(RepublishJobItem, job=_JOB, cancel=_CANCEL),
    dependencies=[ADMINISTERS],
)
async def request_republishing(
    deps: Deps, caller: CurrentCaller, request: Annotated[RepublishRequest | None, Body()] = None
) -> Response:
    """Republish the current state of battles, deleted ones included; up-to-date consumers change nothing."""
    request = request or RepublishRequest()
    job_id, now = deps.new_id(), deps.clock()
    async with deps.database.transaction() as connection:
        jobs = RepublishJobRepository(connection)
        await jobs.insert(job_id, request.start_time, request.end_time, caller.author(request.author), now)
        await deps.outbox.enqueue(connection, [republish_requested(job_id, now)])
        job = await require_job(jobs, job_id, KIND)
    await deps.flush_outbox()
    return uncached_response(republish_job_item(job), 202, location=f"{router.prefix}/jobs/{job_id}")


@router.get("/jobs", response_model=RepublishJobs, responses=listed_jobs(job=_JOB), dependencies=[READS_ADMINISTRATION])
async def list_republishing_jobs(request: Request, query: Annotated[JobPage, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    return await JOBS.list(request, query, deps.database)


@router.get("/jobs/{job_id}", response_model=RepublishJobItem, responses=NO_JOB, dependencies=[READS_ADMINISTRATION])
async def get_republishing_job(request: Request, job_id: UUID, deps: Deps) -> Response:
    """Get the progress of a job."""
    return await JOBS.show(request, job_id, deps.database)


@router.post(
    "/jobs/{job_id}/cancel", response_model=RepublishJobItem, responses=CHANGES_JOB, dependencies=[ADMINISTERS]
)
async def cancel_republishing(
    job_id: UUID, deps: Deps, caller: CurrentCaller, request: Annotated[CancelRequest | None, Body()] = None
) -> Response:
    """Cancel a job. A part that is being processed ends first."""
    return await JOBS.cancel(request, job_id, caller, deps.database, deps.clock())
