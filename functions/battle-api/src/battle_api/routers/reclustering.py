"""Routes of reclustering jobs, which battle-cluster processes part by part."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response

from battle_api.dependencies import Deps
from battle_api.domain.rows import Job
from battle_api.events import recluster_requested
from battle_api.repositories.reclustering import JobRepository, NewJob
from battle_api.rights import ADMINISTERS, READS_ADMINISTRATION
from battle_api.routers.edits import Prefer
from battle_api.schemas.admin import (
    JobDetail,
    JobItem,
    Jobs,
    ReclusterResponse,
    job_detail,
    job_item,
    recluster_response,
)
from battle_api.schemas.admin_requests import ReclusterRequest
from battlescope_events.http_api.description import headers
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_api.saved_requests import preferred_wait, wait_until_finished
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

DRY_RUN_SECONDS: Final = 10
KIND: Final = JobKind("reclustering job")
JOBS: Final = JobAnswers(KIND, JobRepository, job_item, Jobs)
_JOB: Final = "get_job_api_admin_battles_recluster_jobs__job_id__get"
_CANCEL: Final = "cancel_api_admin_battles_recluster_jobs__job_id__cancel_post"
router = ApiRouter(prefix="/api/admin/battles/recluster", tags=["administration"])


@router.post(
    "",
    response_model=ReclusterResponse,
    responses={
        200: {"headers": headers(Location="The job.")},
        **accepted_job(ReclusterResponse, job=_JOB, cancel=_CANCEL),
    },
    dependencies=[ADMINISTERS],
    operation_id="order_api_admin_battles_recluster_post",  # released
)
async def request_reclustering(
    request: Annotated[ReclusterRequest, Body()], deps: Deps, caller: CurrentCaller, prefer: Prefer = None
) -> Response:
    """Recluster a range: 202 with the job. A dry run answers 200 with the changes if it ends within `Prefer: wait`."""
    job_id, now = deps.new_id(), deps.clock()
    async with deps.database.transaction() as connection:
        jobs = JobRepository(connection)
        await jobs.extend_timeout()
        total = await jobs.count_killmails(request.start_time, request.end_time)
        await jobs.insert(_new_job(request, job_id, caller.author(request.author), total, now))
        await deps.outbox.enqueue(connection, [recluster_requested(job_id, now)])
    await deps.flush_outbox()

    async def load() -> Job:
        async with deps.database.connection() as connection:
            return await require_job(JobRepository(connection), job_id, KIND)

    job = await wait_until_finished(load, preferred_wait(prefer, DRY_RUN_SECONDS) if request.dry_run else 0)
    status = 200 if request.dry_run and job.is_finished else 202
    return uncached_response(recluster_response(job), status, location=f"{router.prefix}/jobs/{job_id}")


def _new_job(request: ReclusterRequest, job_id: UUID, author: str, total: int, now: datetime) -> NewJob:
    return NewJob(
        id=job_id,
        start_time=request.start_time,
        end_time=request.end_time,
        reason=request.reason,
        dry_run=request.dry_run,
        window_minutes=request.custom_config.window_minutes,
        gap_max_minutes=request.custom_config.gap_max_minutes,
        min_kills=request.custom_config.min_kills,
        requested_by=author,
        killmails_total=total,
        created_at=now,
    )


@router.get("/jobs", response_model=Jobs, responses=listed_jobs(job=_JOB), dependencies=[READS_ADMINISTRATION])
async def list_jobs(request: Request, query: Annotated[JobPage, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    return await JOBS.list(request, query, deps.database)


@router.get("/jobs/{job_id}", response_model=JobDetail, responses=NO_JOB, dependencies=[READS_ADMINISTRATION])
async def get_job(request: Request, job_id: UUID, query: Annotated[JobPage, Query()], deps: Deps) -> Response:
    """Get the progress of a job and the battles that it changed (a dry run: would change)."""
    async with deps.database.connection() as connection:
        jobs = JobRepository(connection)
        job = await require_job(jobs, job_id, KIND)
        changes = await jobs.changes(job_id, query.limit, query.offset)
    return current_response(request, job_detail(job, changes, query.limit, query.offset))


@router.post("/jobs/{job_id}/cancel", response_model=JobItem, responses=CHANGES_JOB, dependencies=[ADMINISTERS])
async def cancel(
    job_id: UUID, deps: Deps, caller: CurrentCaller, request: Annotated[CancelRequest | None, Body()] = None
) -> Response:
    """Cancel a job. A part that is being processed ends first; finished parts stay."""
    return await JOBS.cancel(request, job_id, caller, deps.database, deps.clock())
