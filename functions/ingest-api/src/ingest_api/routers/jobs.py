"""The routes for jobs that load history. Ordering one writes a manifest and nothing else; the planner does the rest."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi.responses import Response

from battlescope_schemas.backfill import job_id as id_of
from ingest_api.domain.jobs import CANCELLABLE, PAUSABLE, Day, Job, Usual
from ingest_api.http.auth import REFUSALS, Writer
from ingest_api.http.dependencies import ClockDep, LimitsDep, ManifestsDep, Page, StoreDep, uncached
from ingest_api.repositories import jobs as sql
from ingest_api.repositories.session import Session
from ingest_api.schemas.jobs import (
    JobCancelled,
    JobDetail,
    JobOrdered,
    JobRetried,
    Jobs,
    JobStatus,
    job_detail,
    job_item,
    ordered,
)
from ingest_api.schemas.requests import JobOrder, manifest, objections

KNOWN_DAYS: Final = timedelta(days=7)  # so many whole days tell what a day has
REFUSED: Final = REFUSALS | {404: {"description": "There is no such job."}, 409: {"description": "It is over."}}

router = APIRouter(prefix="/api/ingestion/historical/jobs", tags=["history"])


class JobQuery(Page):
    status: list[Literal["pending", "running", "paused", "completed", "failed", "cancelled"]] | None = None


@router.post("", response_model=JobOrdered, status_code=201, responses=REFUSALS, dependencies=[Writer])
async def order_job(
    order: Annotated[JobOrder, Body()], store: StoreDep, manifests: ManifestsDep, clock: ClockDep, limits: LimitsDep
) -> Response:
    """Load history. The job shows as soon as the planner took its manifest up, moments later, under the id told here.

    The very same order again is the job that it was before, and answers 200 with the state it has.
    """
    now = clock()
    if said := " ".join(objections(order, now.date(), limits)):
        raise HTTPException(400, said)
    async with store.reading() as session:
        if order.ruleset_id and not await session.scalar(sql.RULESET_EXISTS, {"ruleset": order.ruleset_id}):
            raise HTTPException(400, f"rulesetId: there is no ruleset {order.ruleset_id}.")
        usual = await _usual(session, now)
    key, body = manifest(order)
    job_id = UUID(id_of(key, await manifests.put(key, body)))
    async with store.reading() as session:
        known = await session.row(Job, sql.JOB, {"job": job_id})
        given = {"job": job_id, "start": order.start_date, "end": order.end_date}
        others = [other for (other,) in await session.plain(sql.OVERLAPPING, given)]
    told = ordered(job_id, order, usual, now, [f"The job {other} loads some of these days, too." for other in others])
    if known:
        told = told.model_copy(update={"status": known.status, "created_at": known.created_at})
    return uncached(told, 200 if known else 201, location=f"{router.prefix}/{job_id}")


async def _usual(session: Session, now: datetime) -> Usual:
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    (usual,) = await session.rows(Usual, sql.USUAL, {"since": until - KNOWN_DAYS, "until": until})
    return usual


@router.get("", response_model=Jobs)
async def list_jobs(query: Annotated[JobQuery, Query()], store: StoreDep) -> Response:
    """Jobs, newest first."""
    async with store.reading() as session:
        jobs = await session.rows(Job, sql.JOBS, query.model_dump())
        total = await session.scalar(sql.JOB_COUNT, {"status": query.status})
    return uncached(Jobs(jobs=[job_item(job) for job in jobs], total=total, limit=query.limit, offset=query.offset))


@router.get("/{job_id}", response_model=JobDetail)
async def get_job(job_id: UUID, store: StoreDep, clock: ClockDep) -> Response:
    """How far a job is, day by day."""
    async with store.reading() as session:
        job = await _job(session, job_id)
        days = await session.rows(Day, sql.DATES, {"job": job_id})
    return uncached(job_detail(job, days, clock()))


@router.post("/{job_id}/cancel", response_model=JobCancelled, responses=REFUSED, dependencies=[Writer])
@router.delete("/{job_id}", response_model=JobCancelled, responses=REFUSED, dependencies=[Writer])
async def cancel(job_id: UUID, store: StoreDep, clock: ClockDep) -> Response:
    """End a job before its end. What it loaded stays; a day under way stops at its next batch."""
    async with store.writing() as session:
        status = await _locked(session, job_id)
        if status in CANCELLABLE:
            given = {"job": job_id, "status": "cancelled", "completed_at": clock()}
            await session.plain(sql.SET_STATUS, given)
            await session.plain(sql.CANCEL_DATES, given)
        elif status != "cancelled":
            raise _over(job_id, status)
        job = await _job(session, job_id)
    return uncached(JobCancelled(status=job.status, cancelled_at=job.completed_at))


@router.post("/{job_id}/pause", response_model=JobStatus, responses=REFUSED, dependencies=[Writer])
async def pause(job_id: UUID, store: StoreDep) -> Response:
    """Let a job rest; a day under way is worked to its end or stops at its next batch."""
    async with store.writing() as session:
        status = await _locked(session, job_id)
        if status in PAUSABLE:
            await session.plain(sql.SET_STATUS, {"job": job_id, "status": "paused", "completed_at": None})
        elif status != "paused":
            raise _over(job_id, status)
    return uncached(JobStatus(status="paused"))


@router.post("/{job_id}/resume", response_model=JobStatus, responses=REFUSED, dependencies=[Writer])
async def resume(job_id: UUID, store: StoreDep) -> Response:
    """Let a paused job go on; the planner's next tick takes it up."""
    async with store.writing() as session:
        status = await _locked(session, job_id)
        if status == "paused":
            await session.plain(sql.SET_STATUS, {"job": job_id, "status": "pending", "completed_at": None})
            status = "pending"
        elif status not in PAUSABLE:
            raise _over(job_id, status)
    return uncached(JobStatus(status=status))


@router.post("/{job_id}/retry", response_model=JobRetried, responses=REFUSED, dependencies=[Writer])
async def retry(job_id: UUID, store: StoreDep) -> Response:
    """Work the failed days of a failed job again; the planner's next tick takes them up."""
    async with store.writing() as session:
        status = await _locked(session, job_id)
        job = await _job(session, job_id)
        if status != "failed":
            raise HTTPException(409, f"Only a failed job is retried, and the job {job_id} is {status}.")
        if job.start_date is None:
            raise HTTPException(409, "The manifest of this job was invalid and stays so; order it anew.")
        await session.plain(sql.RETRY, {"job": job_id})
        await session.plain(sql.RETRY_DATES, {"job": job_id})
    again = job.retry_count + 1
    return uncached(
        JobRetried(
            status="pending",
            retry_count=again,
            last_processed_date=job.last_processed,
            will_resume_from=job.resumes_from,
        )
    )


async def _job(session: Session, job_id: UUID) -> Job:
    job = await session.row(Job, sql.JOB, {"job": job_id})
    if job is None:
        raise _absent(job_id)
    return job


async def _locked(session: Session, job_id: UUID) -> str:
    """The state of the job, which nobody else changes until the transaction ends."""
    status: str | None = await session.scalar(sql.LOCK, {"job": job_id})
    if status is None:
        raise _absent(job_id)
    return status


def _absent(job_id: UUID) -> HTTPException:
    return HTTPException(404, f"There is no job {job_id}; one just ordered shows once the planner took it up.")


def _over(job_id: UUID, status: str) -> HTTPException:
    return HTTPException(409, f"The job {job_id} has ended already: it is {status}.")
