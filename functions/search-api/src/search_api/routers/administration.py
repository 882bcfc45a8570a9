"""Routes of the administration of the index: its size, and jobs that rebuild it."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Body, Query, Request
from fastapi.responses import Response

from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_jobs.answers import JobAnswers
from battlescope_events.http_jobs.routes import (
    CHANGES_JOB,
    NO_JOB,
    CancelRequest,
    JobKind,
    JobPage,
    Responses,
    accepted_job,
    require_job,
)
from search_api.dependencies import Deps
from search_api.events import reindex_requested
from search_api.presenters.reindexing import reindex_job_item, search_stats
from search_api.repositories.reindexing import ActiveJobExistsError, ReindexJobRepository
from search_api.rights import ADMINISTERS, READS_ADMINISTRATION
from search_api.schemas.reindexing import ReindexJobItem, ReindexJobs, ReindexRequest, SearchStats

KIND: Final = JobKind("reindexing job")
JOBS: Final = JobAnswers(KIND, ReindexJobRepository, reindex_job_item, ReindexJobs)
_ACCEPTED: Final[Responses] = {
    **accepted_job(
        ReindexJobItem,
        job="get_reindexing_job_api_admin_search_reindex__job_id__get",
        cancel="cancel_reindexing_api_admin_search_reindex__job_id__cancel_post",
        job_id="id",
    ),
    409: problem("Another job has not ended."),
}
router = ApiRouter(prefix="/api/admin/search", tags=["administration"])


@router.get("/stats", response_model=SearchStats, dependencies=[READS_ADMINISTRATION])
async def get_stats(request: Request, deps: Deps) -> Response:
    """Count the documents of the index, the changes that wait to be indexed, and what searches took."""
    async with deps.database.connection() as connection:
        size = await ReindexJobRepository(connection).size()
    return current_response(request, search_stats(deps.engine_name, size, deps.figures.report(), deps.clock()))


@router.post(
    "/reindex", response_model=ReindexJobItem, status_code=202, responses=_ACCEPTED, dependencies=[ADMINISTERS]
)
async def request_reindexing(
    deps: Deps, caller: CurrentCaller, request: Annotated[ReindexRequest | None, Body()] = None
) -> Response:
    """Rebuild the index while searches use the documents that are there."""
    author = caller.author((request or ReindexRequest()).author)
    job_id, now = deps.new_id(), deps.clock()
    try:
        async with deps.database.transaction() as connection:
            jobs = ReindexJobRepository(connection)
            await jobs.insert(job_id, author, now)
            await deps.outbox.enqueue(connection, [reindex_requested(job_id, now)])
            job = await require_job(jobs, job_id, KIND)
    except ActiveJobExistsError as error:
        raise ApiError(409, "Another reindexing has not ended; wait for it, or cancel it.") from error
    await deps.flush_outbox()
    return uncached_response(reindex_job_item(job), 202, location=f"{router.prefix}/reindex/{job_id}")


@router.get("/reindex", response_model=ReindexJobs, dependencies=[READS_ADMINISTRATION])
async def list_reindexing_jobs(request: Request, query: Annotated[JobPage, Query()], deps: Deps) -> Response:
    """List jobs, newest first."""
    return await JOBS.list(request, query, deps.database)


@router.get("/reindex/{job_id}", response_model=ReindexJobItem, responses=NO_JOB, dependencies=[READS_ADMINISTRATION])
async def get_reindexing_job(request: Request, job_id: UUID, deps: Deps) -> Response:
    """Get the progress of a job."""
    return await JOBS.show(request, job_id, deps.database)


@router.post(
    "/reindex/{job_id}/cancel", response_model=ReindexJobItem, responses=CHANGES_JOB, dependencies=[ADMINISTERS]
)
async def cancel_reindexing(
    job_id: UUID, deps: Deps, caller: CurrentCaller, request: Annotated[CancelRequest | None, Body()] = None
) -> Response:
    """Cancel a job. A part that is being processed ends first."""
    return await JOBS.cancel(request, job_id, caller, deps.database, deps.clock())
