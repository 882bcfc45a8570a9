"""Routes of reclustering jobs, which battle-cluster processes part by part."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.domain.rows import Job, JobChange
from battle_api.events import recluster_requested
from battle_api.http.auth import AUTH_RESPONSES, RequiresToken
from battle_api.http.dependencies import (
    ClockDep,
    DatabaseDep,
    NewIdDep,
    PublishDep,
    flush_outbox,
    uncached_response,
    wait_until_done,
)
from battle_api.http.preconditions import parse_wait
from battle_api.repositories import admin as sql
from battle_api.repositories import outbox
from battle_api.repositories.session import Session
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
from battle_api.schemas.admin_requests import CancelRequest, ReclusterRequest

DRY_RUN_SECONDS: Final = 10
_ACCEPTED: Final = {"model": ReclusterResponse, "description": "The job is stored; its route shows the progress."}
_CANCEL_RESPONSES: Final = {**AUTH_RESPONSES, 409: {"description": "The job has already ended."}}

router = APIRouter(prefix="/api/admin/battles/recluster", tags=["administration"])


class Page(BaseModel):
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0


@router.post(
    "",
    response_model=ReclusterResponse,
    responses={202: _ACCEPTED, **AUTH_RESPONSES},
    dependencies=[RequiresToken],
    operation_id="order_api_admin_battles_recluster_post",  # released
)
async def request_reclustering(
    request: Annotated[ReclusterRequest, Body()],
    *,
    database: DatabaseDep,
    clock: ClockDep,
    new_id: NewIdDep,
    publish: PublishDep,
    prefer: Prefer = None,
) -> Response:
    """Recluster a range: 202 with the job. A dry run answers 200 with the changes if it ends within `Prefer: wait`."""
    job_id, now = new_id(), clock()
    async with database.transaction() as session:
        await _insert_job(session, request, job_id, now)
        await outbox.enqueue(session, recluster_requested(job_id, now))
    await flush_outbox(database, publish)

    async def load() -> Job:
        async with database.session() as session:
            return await _require_job(session, job_id)

    job = await wait_until_done(load, parse_wait(prefer, DRY_RUN_SECONDS) if request.dry_run else 0)
    status = 200 if request.dry_run and job.is_finished else 202
    return uncached_response(recluster_response(job), status, location=f"{router.prefix}/jobs/{job_id}")


async def _insert_job(session: Session, request: ReclusterRequest, job_id: UUID, now: datetime) -> None:
    fields = request.model_dump(by_alias=False, include={"start_time", "end_time", "reason", "dry_run", "author"})
    await session.execute(sql.EXTEND_TIMEOUT, {})
    total = await session.scalar(sql.COUNT_RANGE, fields)
    row = {**fields, **request.custom_config.model_dump(by_alias=False), "job": job_id, "total": total, "now": now}
    await session.execute(sql.INSERT_JOB, row)


async def _require_job(session: Session, job_id: UUID) -> Job:
    job = await session.row(Job, sql.JOB, {"job": job_id})
    if job is None:
        raise HTTPException(404, f"There is no reclustering job {job_id}.")
    return job


@router.get("/jobs", response_model=Jobs)
async def list_jobs(query: Annotated[Page, Query()], database: DatabaseDep) -> Response:
    """List jobs, newest first."""
    async with database.session() as session:
        jobs = await session.rows(Job, sql.JOBS, query.model_dump())
        total = await session.scalar(sql.JOB_COUNT, {})
    items = [job_item(job) for job in jobs]
    return uncached_response(Jobs(items=items, total=total, limit=query.limit, offset=query.offset))


@router.get("/jobs/{job_id}", response_model=JobDetail)
async def get_job(job_id: UUID, query: Annotated[Page, Query()], database: DatabaseDep) -> Response:
    """Get the progress of a job and the battles that it changed (a dry run: would change)."""
    async with database.session() as session:
        job = await _require_job(session, job_id)
        rows = await session.rows(JobChange, sql.CHANGES, {"job": job_id, **query.model_dump()})
    return uncached_response(job_detail(job, rows, query.limit, query.offset))


@router.post("/jobs/{job_id}/cancel", response_model=JobItem, responses=_CANCEL_RESPONSES, dependencies=[RequiresToken])
async def cancel(
    job_id: UUID,
    database: DatabaseDep,
    clock: ClockDep,
    request: Annotated[CancelRequest | None, Body()] = None,
) -> Response:
    """Cancel a job. A part that is being processed ends first; finished parts stay."""
    params = {"job": job_id, "author": (request or CancelRequest()).author, "now": clock()}
    async with database.transaction() as session:
        await session.execute(sql.EXTEND_TIMEOUT, {})
        await session.execute(sql.CANCEL_JOB, params)
        job = await _require_job(session, job_id)
    if job.status != "cancelled":
        raise HTTPException(409, f"The job {job_id} has already ended: it is {job.status}.")
    return uncached_response(job_item(job))
