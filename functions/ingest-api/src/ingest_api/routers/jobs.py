"""The routes for jobs that load history. Ordering one writes a manifest and nothing else; the planner does the rest."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi.responses import Response

from battlescope_schemas.backfill import job_id as id_of
from ingest_api.domain.jobs import CANCELLABLE, PAUSABLE, Day, Job, Throughput
from ingest_api.http.auth import AUTH_RESPONSES, RequiresToken
from ingest_api.http.dependencies import ClockDep, DatabaseDep, LimitsDep, ManifestsDep, Page, uncached_response
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

THROUGHPUT_PERIOD: Final = timedelta(days=7)  # so many whole days tell what a day has
_ERROR_RESPONSES: Final = AUTH_RESPONSES | {
    404: {"description": "There is no such job."},
    409: {"description": "It is over."},
}

router = APIRouter(prefix="/api/ingestion/historical/jobs", tags=["history"])


class JobQuery(Page):
    status: list[Literal["pending", "running", "paused", "completed", "failed", "cancelled"]] | None = None


@router.post("", response_model=JobCreated, status_code=201, responses=AUTH_RESPONSES, dependencies=[RequiresToken])
async def order_job(
    job_request: Annotated[JobRequest, Body()],
    database: DatabaseDep,
    manifests: ManifestsDep,
    clock: ClockDep,
    limits: LimitsDep,
) -> Response:
    """Load history. The job shows as soon as the planner took its manifest up, moments later, under the id told here.

    The very same order again is the job that it was before, and answers 200 with the state it has.
    """
    now = clock()
    if said := " ".join(job_errors(job_request, now.date(), limits)):
        raise HTTPException(400, said)
    async with database.session() as session:
        if job_request.ruleset_id and not await session.scalar(sql.RULESET_EXISTS, {"ruleset": job_request.ruleset_id}):
            raise HTTPException(400, f"rulesetId: there is no ruleset {job_request.ruleset_id}.")
        throughput = await _throughput(session, now)
    key, body = build_manifest(job_request)
    job_id = UUID(id_of(key, await manifests.put(key, body)))
    async with database.session() as session:
        existing = await session.row(Job, sql.JOB, {"job": job_id})
        params = {"job": job_id, "start": job_request.start_date, "end": job_request.end_date}
        overlapping_ids = [other for (other,) in await session.plain(sql.OVERLAPPING, params)]
    body = job_created(
        job_id,
        job_request,
        throughput,
        now,
        [f"The job {other} loads some of these days, too." for other in overlapping_ids],
    )
    if existing:
        body = body.model_copy(update={"status": existing.status, "created_at": existing.created_at})
    return uncached_response(body, 200 if existing else 201, location=f"{router.prefix}/{job_id}")


async def _throughput(session: Session, now: datetime) -> Throughput:
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    (throughput,) = await session.rows(Throughput, sql.THROUGHPUT, {"since": until - THROUGHPUT_PERIOD, "until": until})
    return throughput


@router.get("", response_model=Jobs)
async def list_jobs(query: Annotated[JobQuery, Query()], database: DatabaseDep) -> Response:
    """Jobs, newest first."""
    async with database.session() as session:
        jobs = await session.rows(Job, sql.JOBS, query.model_dump())
        total = await session.scalar(sql.JOB_COUNT, {"status": query.status})
    return uncached_response(
        Jobs(jobs=[job_item(job) for job in jobs], total=total, limit=query.limit, offset=query.offset)
    )


@router.get("/{job_id}", response_model=JobDetail)
async def get_job(job_id: UUID, database: DatabaseDep, clock: ClockDep) -> Response:
    """How far a job is, day by day."""
    async with database.session() as session:
        job = await _require_job(session, job_id)
        days = await session.rows(Day, sql.DATES, {"job": job_id})
    return uncached_response(job_detail(job, days, clock()))


@router.post("/{job_id}/cancel", response_model=JobCancelled, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
@router.delete("/{job_id}", response_model=JobCancelled, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def cancel(job_id: UUID, database: DatabaseDep, clock: ClockDep) -> Response:
    """End a job before its end. What it loaded stays; a day under way stops at its next batch."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        if status in CANCELLABLE:
            params = {"job": job_id, "status": "cancelled", "completed_at": clock()}
            await session.plain(sql.SET_STATUS, params)
            await session.plain(sql.CANCEL_DATES, params)
        elif status != "cancelled":
            raise _already_ended(job_id, status)
        job = await _require_job(session, job_id)
    return uncached_response(JobCancelled(status=job.status, cancelled_at=job.completed_at))


@router.post("/{job_id}/pause", response_model=JobStatus, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def pause(job_id: UUID, database: DatabaseDep) -> Response:
    """Let a job rest; a day under way is worked to its end or stops at its next batch."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        if status in PAUSABLE:
            await session.plain(sql.SET_STATUS, {"job": job_id, "status": "paused", "completed_at": None})
        elif status != "paused":
            raise _already_ended(job_id, status)
    return uncached_response(JobStatus(status="paused"))


@router.post("/{job_id}/resume", response_model=JobStatus, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def resume(job_id: UUID, database: DatabaseDep) -> Response:
    """Let a paused job go on; the planner's next tick takes it up."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        if status == "paused":
            await session.plain(sql.SET_STATUS, {"job": job_id, "status": "pending", "completed_at": None})
            status = "pending"
        elif status not in PAUSABLE:
            raise _already_ended(job_id, status)
    return uncached_response(JobStatus(status=status))


@router.post("/{job_id}/retry", response_model=JobRetried, responses=_ERROR_RESPONSES, dependencies=[RequiresToken])
async def retry(job_id: UUID, database: DatabaseDep) -> Response:
    """Work the failed days of a failed job again; the planner's next tick takes them up."""
    async with database.transaction() as session:
        status = await _lock_job(session, job_id)
        job = await _require_job(session, job_id)
        if status != "failed":
            raise HTTPException(409, f"Only a failed job is retried, and the job {job_id} is {status}.")
        if job.start_date is None:
            raise HTTPException(409, "The manifest of this job was invalid and stays so; order it anew.")
        await session.plain(sql.RETRY, {"job": job_id})
        await session.plain(sql.RETRY_DATES, {"job": job_id})
    again = job.retry_count + 1
    return uncached_response(
        JobRetried(
            status="pending",
            retry_count=again,
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
    """The state of the job, which nobody else changes until the transaction ends."""
    status: str | None = await session.scalar(sql.LOCK_JOB, {"job": job_id})
    if status is None:
        raise _not_found(job_id)
    return status


def _not_found(job_id: UUID) -> HTTPException:
    return HTTPException(404, f"There is no job {job_id}; one just ordered shows once the planner took it up.")


def _already_ended(job_id: UUID, status: str) -> HTTPException:
    return HTTPException(409, f"The job {job_id} has ended already: it is {status}.")
