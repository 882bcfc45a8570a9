"""What the routes of jobs have in common: a long piece of work that a consumer does part by part.

A function has a route that stores a job, one that lists jobs, one that shows a job, and one that cancels it. The
stored rows and their models belong to the function.
"""

from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.request_types import WHOLE_NUMBER, AuthoredBody, OffsetPage

CANCELLED: Final = "cancelled"
NO_JOB: Final[dict[int | str, dict[str, Any]]] = {404: problem("There is no such job.")}
CHANGES_JOB: Final[dict[int | str, dict[str, Any]]] = {**NO_JOB, 409: problem("The job has already ended.")}
"""The answers of a route that cancels a job, or changes it otherwise."""


Responses = dict[int | str, dict[str, Any]]


def accepted_job(model: type[BaseModel], *, job: str, cancel: str, job_id: str = "jobId") -> Responses:
    """The answer of a route that stores a job; `job` and `cancel` are the operations that show and cancel it."""
    return {
        202: {
            "model": model,
            "description": "The job is stored; its route shows the progress.",
            "headers": headers(Location="The job."),
            "links": links({"job": job, "cancel": cancel}, job_id=f"$response.body#/{job_id}"),
        }
    }


def listed_jobs(*, job: str) -> Responses:
    """The answer of a route that lists jobs; `job` is the operation that shows one of them."""
    return {200: {"links": links({"job": job}, job_id="$response.body#/items/0/jobId")}}


class JobPage(OffsetPage):
    """The part of a list of jobs that a request wants."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 20
    offset: Annotated[int, Field(ge=0, le=100_000), WHOLE_NUMBER] = 0


class CancelRequest(AuthoredBody):
    """Cancels a job."""


class JobKind(NamedTuple):
    """What sentences call a job, such as "republishing job", and what follows the sentence that there is none."""

    name: str
    hint: str = ""


class StoredJob(Protocol):
    """A job as the database has it."""

    @property
    def status(self) -> str: ...


Job_co = TypeVar("Job_co", bound=StoredJob, covariant=True)
Job = TypeVar("Job", bound=StoredJob)


class FindsJobs(Protocol[Job_co]):
    """Jobs of one kind, in the caller's transaction."""

    async def find(self, job_id: UUID, /) -> Job_co | None: ...


class CancelsJobs(FindsJobs[Job_co], Protocol[Job_co]):
    """Jobs of one kind that can be cancelled."""

    async def cancel(self, job_id: UUID, author: str, now: datetime, /) -> None:
        """Cancel the job unless it has ended."""
        ...


async def require_job(jobs: FindsJobs[Job], job_id: UUID, kind: JobKind) -> Job:
    """The job.

    Raises:
        ApiError: there is none (404).
    """
    job = await jobs.find(job_id)
    if job is None:
        raise no_job(job_id, kind)
    return job


async def cancel_job(jobs: CancelsJobs[Job], job_id: UUID, kind: JobKind, *, author: str, now: datetime) -> Job:
    """The job after it was cancelled. A repeated cancellation changes nothing.

    Raises:
        ApiError: there is no such job (404), or it has ended otherwise (409).
    """
    await jobs.cancel(job_id, author, now)
    job = await require_job(jobs, job_id, kind)
    if job.status != CANCELLED:
        raise already_ended(job_id, job.status)
    return job


def no_job(job_id: UUID, kind: JobKind) -> ApiError:
    return ApiError(404, f"There is no {kind.name} {job_id}{kind.hint}.")


def already_ended(job_id: UUID, status: str) -> ApiError:
    return ApiError(409, f"The job {job_id} has already ended: it is {status}.")
