"""Routes of backfill jobs. Creating a job only writes its manifest; the planner of ingest-backfill does the rest."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response
from pydantic import Field

from battlescope_events.http_api.description import headers
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.request_types import OffsetPage
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_jobs.routes import (
    CANCELLED,
    CHANGES_JOB,
    NO_JOB,
    JobKind,
    already_ended,
    no_job,
    require_job,
)
from battlescope_events.object_storage.objects import JSON
from battlescope_schemas.backfill import job_id as derive_job_id
from ingest_api.dependencies import Deps
from ingest_api.domain.jobs import CANCELLABLE, PAUSABLE, Throughput
from ingest_api.repositories.jobs import JobRepository
from ingest_api.repositories.rulesets import RulesetRepository
from ingest_api.rights import CONTROLS_INGESTION, READS_INGESTION
from ingest_api.schemas.jobs import (
    JobCancelled,
    JobCreated,
    JobDetail,
    JobRetried,
    Jobs,
    JobState,
    JobStatus,
    job_created,
    job_detail,
    job_item,
)
from ingest_api.schemas.requests import JobRequest, build_manifest, job_errors

THROUGHPUT_PERIOD: Final = timedelta(days=7)  # the full days from which killmails per day are estimated
KIND: Final = JobKind("job", "; a new job appears once the planner has processed it")
_LOCATION: Final = headers(Location="The job.")

router = ApiRouter(prefix="/api/ingestion/historical/jobs", tags=["backfill"])


class JobQuery(OffsetPage):
    status: Annotated[list[JobState], Field(max_length=6)] | None = None


@router.post(
    "",
    response_model=JobCreated,
    status_code=201,
    responses={
        200: {"model": JobCreated, "description": "The job exists already.", "headers": _LOCATION},
        201: {"headers": _LOCATION},
    },
    dependencies=[CONTROLS_INGESTION],
    operation_id="order_job_api_ingestion_historical_jobs_post",  # released
)
async def create_job(request: Annotated[JobRequest, Body()], deps: Deps, caller: CurrentCaller) -> Response:
    """Create a backfill job. Its routes answer 404 until the planner has processed the manifest, moments later.

    A repeated request is the same job: it answers 200 with the job's current status.
    """
    now = deps.clock()
    if errors := " ".join(job_errors(request, now.date(), deps.limits)):
        raise ApiError(400, errors)
    async with deps.database.connection() as connection:
        if request.ruleset_id and not await RulesetRepository(connection).exists(request.ruleset_id):
            raise ApiError(400, f"rulesetId: there is no ruleset {request.ruleset_id}.")
        throughput = await _throughput(JobRepository(connection), now)
    key, content = build_manifest(request, caller.author(request.author))
    is_new = await deps.storage.put_once(key, content, JSON)
    job_id = UUID(derive_job_id(key, await deps.storage.etag(key)))
    async with deps.database.connection() as connection:
        jobs = JobRepository(connection)
        existing = await jobs.find(job_id)
        overlapping_ids = await jobs.overlapping(job_id, request.start_date, request.end_date)
    warnings = [f"The job {overlapping_id} also loads some of these days." for overlapping_id in overlapping_ids]
    body = job_created(job_id, request, throughput, now, warnings)
    if existing:
        body = body.model_copy(update={"status": existing.status, "created_at": existing.created_at})
    return uncached_response(body, 201 if is_new and not existing else 200, location=f"{router.prefix}/{job_id}")


async def _throughput(jobs: JobRepository, now: datetime) -> Throughput:
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return await jobs.throughput(until - THROUGHPUT_PERIOD, until)


@router.get("", response_model=Jobs, dependencies=[READS_INGESTION])
async def list_jobs(request: Request, query: Annotated[JobQuery, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    async with deps.database.connection() as connection:
        jobs = JobRepository(connection)
        page = await jobs.page(query.status, query.limit, query.offset)
        total = await jobs.count(query.status)
    items = [job_item(job) for job in page]
    return current_response(request, Jobs(jobs=items, total=total, limit=query.limit, offset=query.offset))


@router.get("/{job_id}", response_model=JobDetail, responses=NO_JOB, dependencies=[READS_INGESTION])
async def get_job(request: Request, job_id: UUID, deps: Deps) -> Response:
    """Get the progress of a job, day by day."""
    async with deps.database.connection() as connection:
        jobs = JobRepository(connection)
        job = await require_job(jobs, job_id, KIND)
        days = await jobs.days(job_id)
    return current_response(request, job_detail(job, days, deps.clock()))


_CHANGES_JOB: Final[dict[str, Any]] = {"responses": CHANGES_JOB, "dependencies": [CONTROLS_INGESTION]}


@router.post("/{job_id}/cancel", response_model=JobCancelled, **_CHANGES_JOB)
@router.delete("/{job_id}", response_model=JobCancelled, **_CHANGES_JOB)
async def cancel(job_id: UUID, deps: Deps) -> Response:
    """Cancel a job. Loaded killmails stay; a running day stops at its next batch."""
    async with deps.database.transaction() as connection:
        jobs = JobRepository(connection)
        status = await _lock_job(jobs, job_id)
        if status in CANCELLABLE:
            await jobs.set_status(job_id, CANCELLED, completed_at=deps.clock())
            await jobs.cancel_days(job_id)
        elif status != CANCELLED:
            raise already_ended(job_id, status)
        job = await require_job(jobs, job_id, KIND)
    return uncached_response(JobCancelled(status=cast("JobState", job.status), cancelled_at=job.completed_at))


@router.post("/{job_id}/pause", response_model=JobStatus, **_CHANGES_JOB)
async def pause(job_id: UUID, deps: Deps) -> Response:
    """Pause a job. A running day ends or stops at its next batch."""
    async with deps.database.transaction() as connection:
        jobs = JobRepository(connection)
        status = await _lock_job(jobs, job_id)
        if status in PAUSABLE:
            await jobs.set_status(job_id, "paused")
        elif status != "paused":
            raise already_ended(job_id, status)
    return uncached_response(JobStatus(status="paused"))


@router.post("/{job_id}/resume", response_model=JobStatus, **_CHANGES_JOB)
async def resume(job_id: UUID, deps: Deps) -> Response:
    """Resume a paused job; the planner continues it at its next timer event."""
    async with deps.database.transaction() as connection:
        jobs = JobRepository(connection)
        status = await _lock_job(jobs, job_id)
        if status == "paused":
            await jobs.set_status(job_id, "pending")
            status = "pending"
        elif status not in PAUSABLE:
            raise already_ended(job_id, status)
    return uncached_response(JobStatus(status=cast("JobState", status)))


@router.post("/{job_id}/retry", response_model=JobRetried, **_CHANGES_JOB)
async def retry(job_id: UUID, deps: Deps) -> Response:
    """Retry the failed days of a failed job; the planner starts them at its next timer event."""
    async with deps.database.transaction() as connection:
        jobs = JobRepository(connection)
        status = await _lock_job(jobs, job_id)
        job = await require_job(jobs, job_id, KIND)
        if status != "failed":
            raise ApiError(409, f"Only a failed job can be retried; the job {job_id} is {status}.")
        if job.start_date is None:
            raise ApiError(409, "The manifest of this job is invalid, so it cannot be retried; create a new job.")
        await jobs.retry(job_id)
    return uncached_response(
        JobRetried(
            status="pending",
            retry_count=job.retry_count + 1,
            last_processed_date=job.last_processed,
            will_resume_from=job.resumes_from,
        )
    )


async def _lock_job(jobs: JobRepository, job_id: UUID) -> str:
    """The status of the job, locked until the transaction ends."""
    status = await jobs.lock(job_id)
    if status is None:
        raise no_job(job_id, KIND)
    return status
