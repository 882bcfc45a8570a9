"""What may be ordered: jobs that load history, verifications; and the manifest that a job is."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, StringConstraints

from battlescope_schemas.backfill import BackfillManifest, DateRange, DaySource, Priority
from battlescope_schemas.base import Schema
from ingest_api.domain.retention_window import Limits, cutoff

DEFAULT_AUTHOR: Final = "developer"
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]+$"  # PostgreSQL holds no NUL, and a name of several lines is none
SingleLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=_ONE_LINE)]


class StrictSchema(Schema):
    """Unknown fields are refused: a typing error must not quietly order something else."""

    # Built at once: FastAPI reads the description of bodies when it reads the routes.
    model_config = ConfigDict(extra="forbid", defer_build=False)


class AuthoredRequest(StrictSchema):
    """A request of a person."""

    author: SingleLine = DEFAULT_AUTHOR


class JobRequest(AuthoredRequest):
    """History of these days, both included. The same order again is the same job; another reason makes it another."""

    start_date: date
    end_date: date
    ruleset_id: UUID | None = None
    priority: Priority = Priority.NORMAL
    source: Literal["everef", "r2z2"] = "everef"
    reason: SingleLine = "manual"

    @property
    def days(self) -> int:
        return (self.end_date - self.start_date).days + 1


class VerificationRequest(StrictSchema):
    """A day whose mails are to be compared with the list of the source."""

    date: date


def job_errors(request: JobRequest, today: date, limits: Limits) -> Iterator[str]:
    """Why the planner would refuse this job."""
    if request.end_date < request.start_date:
        yield "endDate lies before startDate."
    if request.end_date > today:
        yield "endDate lies in the future."
    if request.start_date < (oldest := cutoff(today, limits.retention_months)):
        yield f"startDate lies before {oldest}, the first day that is kept."
    if request.days > limits.max_days:
        yield f"A job may have at most {limits.max_days} days."


def verification_error(day: date, today: date, months: int) -> str | None:
    if day >= today:
        return "date: only a day that is over can be verified."
    oldest = cutoff(today, months)
    return f"date: {day} lies before {oldest}, the first day that is kept." if day < oldest else None


def build_manifest(request: JobRequest) -> tuple[str, bytes]:
    """The object that orders the job: its key follows from its content, so an order sent twice is one object."""
    content = BackfillManifest(
        version=1,
        dates=DateRange(from_=request.start_date, to=request.end_date),
        source=DaySource(request.source),
        ruleset_id=str(request.ruleset_id) if request.ruleset_id else None,
        priority=request.priority,
        reason=request.reason,
        requested_by=request.author,
    )
    body = content.model_dump_json(by_alias=True, exclude_none=True).encode()
    return f"manifests/api-{sha256(body).hexdigest()[:32]}.json", body
