"""Routes of jobs that republish current battles for consumers that were empty or missed events."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response

from battle_api.dependencies import Deps
from battle_api.events import republish_requested
from battle_api.repositories.republishing import RepublishJobRepository
from battle_api.rights import ADMINISTERS, READS_ADMINISTRATION
from battle_api.schemas.republishing import RepublishJobItem, RepublishJobs, RepublishRequest, republish_job_item
from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.guard import CurrentCaller
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

KIND: Final = JobKind("republishing job")
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": RepublishJobItem,
        "description": "The job is stored; its route shows the progress.",
        "headers": headers(Location="The job."),
        "links": links(
            {
                "job": "get_republishing_job_api_admin_battles_republish_jobs__job_id__get",
                "cancel": "cancel_republishing_api_admin_battles_republish_jobs__job_id__cancel_post",
            },
            job_id="$response.body#/jobId",
        ),
    }
}

_JOBS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": links(
            {"job": "get_republishing_job_api_admin_battles_republish_jobs__job_id__get"},
            job_id="$response.body#/items/0/jobId",
        )
    }
}
router = ApiRouter(prefix="/api/admin/battles/republish", tags=["administration"])


@router.post(
    "",
    response_model=RepublishJobItem,
    status_code=202,
    responses=_ACCEPTED,
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


@router.get("/jobs", response_model=RepublishJobs, responses=_JOBS, dependencies=[READS_ADMINISTRATION])
async def list_republishing_jobs(request: Request, query: Annotated[JobPage, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    async with deps.database.connection() as connection:
        jobs = RepublishJobRepository(connection)
        items = [republish_job_item(job) for job in await jobs.page(query.limit, query.offset)]
        total = await jobs.count()
    body = RepublishJobs(items=items, total=total, limit=query.limit, offset=query.offset)
    return current_response(request, body)


@router.get("/jobs/{job_id}", response_model=RepublishJobItem, responses=NO_JOB, dependencies=[READS_ADMINISTRATION])
async def get_republishing_job(request: Request, job_id: UUID, deps: Deps) -> Response:
    """Get the progress of a job."""
    async with deps.database.connection() as connection:
        job = await require_job(RepublishJobRepository(connection), job_id, KIND)
    return current_response(request, republish_job_item(job))


@router.post(
    "/jobs/{job_id}/cancel", response_model=RepublishJobItem, responses=CHANGES_JOB, dependencies=[ADMINISTERS]
)
async def cancel_republishing(
    job_id: UUID, deps: Deps, caller: CurrentCaller, request: Annotated[CancelRequest | None, Body()] = None
) -> Response:
    """Cancel a job. A part that is being processed ends first."""
    author = caller.author((request or CancelRequest()).author)
    async with deps.database.transaction() as connection:
        job = await cancel_job(RepublishJobRepository(connection), job_id, KIND, author=author, now=deps.clock())
    return uncached_response(republish_job_item(job))
