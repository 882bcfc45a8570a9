"""The routes by which a range of mails is grouped anew: ordered here, done by battle-cluster part by part."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.domain.rows import Job, JobChange
from battle_api.events import recluster_requested
from battle_api.http.auth import REFUSALS, Writer
from battle_api.http.dependencies import ClockDep, NewIdDep, PublishDep, StoreDep, tell, uncached, wait_until_done
from battle_api.http.preconditions import wait
from battle_api.repositories import admin as sql
from battle_api.repositories import outbox
from battle_api.repositories.session import Session
from battle_api.routers.edits import Prefer
from battle_api.schemas.admin import JobDetail, JobItem, Jobs, Ordered, job_detail, job_item, ordered
from battle_api.schemas.admin_requests import Cancel, Recluster

DRY_RUN_SECONDS: Final = 10
_LATER: Final = {"model": Ordered, "description": "Ordered; the job tells how far it is."}
_CANCELLED: Final = {**REFUSALS, 409: {"description": "The job has ended already."}}

router = APIRouter(prefix="/api/admin/battles/recluster", tags=["administering"])


class Page(BaseModel):
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0


@router.post("", response_model=Ordered, responses={202: _LATER, **REFUSALS}, dependencies=[Writer])
async def order(
    wanted: Annotated[Recluster, Body()],
    *,
    battles: StoreDep,
    clock: ClockDep,
    new_id: NewIdDep,
    publish: PublishDep,
    prefer: Prefer = None,
) -> Response:
    """Have a range grouped anew: 202 with the job; a dry run is waited for, and then 200 tells what would change."""
    job_id, now = new_id(), clock()
    async with battles.writing() as writing:
        await _keep(writing, wanted, job_id, now)
        await outbox.say(writing, recluster_requested(job_id, now))
    await tell(battles, publish)

    async def look() -> Job:
        async with battles.reading() as reading:
            return await _job(reading, job_id)

    job = await wait_until_done(look, wait(prefer, DRY_RUN_SECONDS) if wanted.dry_run else 0)
    status = 200 if wanted.dry_run and job.is_settled else 202
    return uncached(ordered(job), status, location=f"{router.prefix}/jobs/{job_id}")


async def _keep(writing: Session, wanted: Recluster, job_id: UUID, now: datetime) -> None:
    given = wanted.model_dump(by_alias=False, include={"start_time", "end_time", "reason", "dry_run", "author"})
    await writing.plain(sql.PATIENTLY, {})
    total = await writing.scalar(sql.COUNT_RANGE, given)
    row = {**given, **wanted.custom_config.model_dump(by_alias=False), "job": job_id, "total": total, "now": now}
    await writing.plain(sql.INSERT_JOB, row)


async def _job(reading: Session, job_id: UUID) -> Job:
    job = await reading.row(Job, sql.JOB, {"job": job_id})
    if job is None:
        raise HTTPException(404, f"There is no reclustering job {job_id}.")
    return job


@router.get("/jobs", response_model=Jobs)
async def list_jobs(query: Annotated[Page, Query()], battles: StoreDep) -> Response:
    """Jobs, newest first."""
    async with battles.reading() as reading:
        jobs = await reading.rows(Job, sql.JOBS, query.model_dump())
        total = await reading.scalar(sql.JOB_COUNT, {})
    items = [job_item(job) for job in jobs]
    return uncached(Jobs(items=items, total=total, limit=query.limit, offset=query.offset))


@router.get("/jobs/{job_id}", response_model=JobDetail)
async def get_job(job_id: UUID, query: Annotated[Page, Query()], battles: StoreDep) -> Response:
    """How far the job is, and what it changed or would change, battle by battle."""
    async with battles.reading() as reading:
        job = await _job(reading, job_id)
        rows = await reading.rows(JobChange, sql.CHANGES, {"job": job_id, **query.model_dump()})
    return uncached(job_detail(job, rows, query.limit, query.offset))


@router.post("/jobs/{job_id}/cancel", response_model=JobItem, responses=_CANCELLED, dependencies=[Writer])
async def cancel(
    job_id: UUID, battles: StoreDep, clock: ClockDep, order: Annotated[Cancel | None, Body()] = None
) -> Response:
    """End a job before its end; what it did stays done. A part under way ends first, and then nothing of it runs."""
    given = {"job": job_id, "author": (order or Cancel()).author, "now": clock()}
    async with battles.writing() as writing:
        await writing.plain(sql.PATIENTLY, {})
        await writing.plain(sql.CANCEL, given)
        job = await _job(writing, job_id)
    if job.status != "cancelled":
        raise HTTPException(409, f"The job {job_id} has ended already: it is {job.status}.")
    return uncached(job_item(job))
