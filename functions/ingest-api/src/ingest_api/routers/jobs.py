"""Routes of backfill jobs. Creating a job only writes its manifest; the planner of ingest-backfill does the rest."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi.responses import Response

from battlescope_events.object_storage.objects import JSON
from battlescope_schemas.backfill import job_id as derive_job_id
from ingest_api.domain.jobs import CANCELLABLE, PAUSABLE, Day, Job, Throughput
from ingest_api.http.auth import AUTH_RESPONSES, RequiresToken
from ingest_api.http.dependencies import ClockDep, DatabaseDep, LimitsDep, Page, StorageDep, uncached_response
from ingest_api.repositories import jobs as sql
from ingest_api.repositories.session import Session
from ingest_api.schemas.jobs import (
    JobCancelled,
    JobCreated,
    JobDetail,
    JobRetried,
    Jobs,
    JobStatus,
    job_created,
    job_detail,
    job_item,
)
from ingest_api.schemas.requests import JobRequest, build_manifest, job_errors

THROUGHPUT_PERIOD: Final = timedelta(days=7)  # the full days from which killmails per day are estimated
_ERROR_RESPONSES: Final = AUTH_RESPONSES | {
    404: {"description": "There is no such job."},
    409: {"description": "The job has already ended."},
}

router = APIRouter(prefix="/api/ingestion/historical/jobs", tags=["backfill"])


class JobQuery(Page):
    status: list[Literal["pending", "running", "paused", "completed", "failed", "cancelled"]] | None = None


@router.post(
    "",
    response_model=JobCreated,
    status_code=201,
    responses=AUTH_RESPONSES,
    dependencies=[RequiresToken],
    operation_id="order_job_api_ingestion_historical_jobs_post",  # released
)
async def create_job(
    request: Annotated[JobRequest, Body()],
    database: DatabaseDep,
    storage: StorageDep,
    clock: ClockDep,
    limits: LimitsDep,
) -> Response:
    """Create a backfill job. Its routes answer 404 until the planner has processed the manifest, moments later.

    A repeated request is the same job: it answers 200 with the job's current status.
    """
    now = clock()
    if errors := " ".join(job_errors(request, now.date(), limits)):
        raise HTTPException(400, errors)
    async with database.session() as session:
        if request.ruleset_id and not await session.scalar(sql.RULESET_EXISTS, {"ruleset": request.ruleset_id}):
            raise HTTPException(400, f"rulesetId: there is no ruleset {request.ruleset_id}.")
        throughput = await _throughput(session, now)
    key, content = build_manifest(request)
    job_id = UUID(derive_job_id(key, await storage.put(key, content, JSON)))
    async with database.session() as session:
        existing = await session.row(Job, sql.JOB, {"job": job_id})
        params = {"job": job_id, "start": request.start_date, "end": request.end_date}
        overlapping_ids = [overlapping_id for (overlapping_id,) in await session.execute(sql.OVERLAPPING, params)]
    warnings = [f"The job {overlapping_id} also loads some of these days." for overlapping_id in overlapping_ids]
    body = job_created(job_id, request, throughput, now, warnings)
    if existing:
        body = body.model_copy(update={"status": existing.status, "created_at": existing.created_at})
    return uncached_response(body, 200 if existing else 201, location=f"{router.prefix}/{job_id}")


async def _throughput(session: Session, now: datetime) -> Throughput:
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    (throughput,) = await session.rows(Throughput, sql.THROUGHPUT, {"since": until - THROUGHPUT_PERIOD, "until": until})
    return throughput


@router.get("", response_model=Jobs)
async def list_jobs(query: Annotated[JobQuery, Query()], database: DatabaseDep) -> Response:
    """List jobs, newest first."""
    async with database.session() as session:
        jobs = await session.rows(Job, sql.JOBS, query.model_dump())
        total = await session.scalar(sql.JOB_COUNT, {"status": query.status})
    items = [job_item(job) for job in jobs]
    return uncached_response(Jobs(jobs=items, total=total, limit=query.limit, offset=query.offset))


@router.get("/{job_id}", response_model=JobDetail)
async def get_job(job_id: UUID, database: DatabaseDep, clock: ClockDep) -> Response:
    """Get the progress of a job, day by day."""
    async with database.session() as session:
        job = await _require_job(session, job_id)
        days = await session.rows(Day, sql.DATES, {"job": job_id})
    return uncached_response(job_detail(job, days, clock()))


@router.post("/{job_id}/cancel", response_model=JobCancelled, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
@router.delete("/{job_id}", response_model=JobCancelled, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def cancel(job_id: UUID, database: DatabaseDep, clock: ClockDep) -> Response:
    """Cancel a job. Loaded killmails stay; a running day stops at its next batch."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        if status in CANCELLABLE:
            params = {"job": job_id, "status": "cancelled", "completed_at": clock()}
            await session.execute(sql.SET_STATUS, params)
            await session.execute(sql.CANCEL_DATES, params)
        elif status != "cancelled":
            raise _already_ended(job_id, status)
        job = await _require_job(session, job_id)
    return uncached_response(JobCancelled(status=job.status, cancelled_at=job.completed_at))


@router.post("/{job_id}/pause", response_model=JobStatus, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def pause(job_id: UUID, database: DatabaseDep) -> Response:
    """Pause a job. A running day ends or stops at its next batch."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        if status in PAUSABLE:
            await session.execute(sql.SET_STATUS, {"job": job_id, "status": "paused", "completed_at": None})
        elif status != "paused":
            raise _already_ended(job_id, status)
    return uncached_response(JobStatus(status="paused"))


@router.post("/{job_id}/resume", response_model=JobStatus, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def resume(job_id: UUID, database: DatabaseDep) -> Response:
    """Resume a paused job; the planner continues it at its next timer event."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        if status == "paused":
            await session.execute(sql.SET_STATUS, {"job": job_id, "status": "pending", "completed_at": None})
            status = "pending"
        elif status not in PAUSABLE:
            raise _already_ended(job_id, status)
    return uncached_response(JobStatus(status=status))


@router.post("/{job_id}/retry", response_model=JobRetried, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def retry(job_id: UUID, database: DatabaseDep) -> Response:
    """Retry the failed days of a failed job; the planner starts them at its next timer event."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        job = await _require_job(session, job_id)
        if status != "failed":
            raise HTTPException(409, f"Only a failed job can be retried; the job {job_id} is {status}.")
        if job.start_date is None:
            raise HTTPException(409, "The manifest of this job is invalid, so it cannot be retried; create a new job.")
        await session.execute(sql.RETRY, {"job": job_id})
        await session.execute(sql.RETRY_DATES, {"job": job_id})
    return uncached_response(
        JobRetried(
            status="pending",
            retry_count=job.retry_count + 1,
            last_processed_date=job.last_processed,
            will_resume_from=job.resumes_from,
        )
    )


async def _require_job(session: Session, job_id: UUID) -> Job:
    job = await session.row(Job, sql.JOB, {"job": job_id})
    if job is None:
        raise _not_found(job_id)
    return job


async def _lock_job(session: Session, job_id: UUID) -> str:
    """The status of the job, locked until the transaction ends."""
    status: str | None = await session.scalar(sql.LOCK_JOB, {"job": job_id})
    if status is None:
        raise _not_found(job_id)
    return status


def _not_found(job_id: UUID) -> HTTPException:
    return HTTPException(404, f"There is no job {job_id}; a new job appears once the planner has processed it.")


def _already_ended(job_id: UUID, status: str) -> HTTPException:
    return HTTPException(409, f"The job {job_id} has already ended: it is {status}.")
