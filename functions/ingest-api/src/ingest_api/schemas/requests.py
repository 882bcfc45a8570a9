"""Request bodies of backfill jobs and verifications, their validation, and the manifest of a job."""

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
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f]+$"  # PostgreSQL cannot store NUL; names must be a single line
SingleLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=_ONE_LINE)]


class StrictSchema(Schema):
    """Rejects unknown fields, so that a misspelled field cannot silently change the meaning of a request."""

    # Built at import: FastAPI needs the schema of request bodies when it registers the routes.
    model_config = ConfigDict(extra="forbid", defer_build=False)


class AuthoredRequest(StrictSchema):
    """A request with its author."""

    author: SingleLine = DEFAULT_AUTHOR


class JobRequest(AuthoredRequest):
    """Backfills the days from startDate to endDate, both inclusive. A repeated request is the same job.

    A different reason makes it a different job.
    """

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
    """Compares the stored killmails of a day with the source's list."""

    date: date


def job_errors(request: JobRequest, today: date, limits: Limits) -> Iterator[str]:
    """The reasons for which the planner of ingest-backfill would reject the job."""
    if request.end_date < request.start_date:
        yield "endDate is before startDate."
    if request.end_date > today:
        yield "endDate is in the future."
    if request.start_date < (first_kept := cutoff(today, limits.retention_months)):
        yield f"startDate is before {first_kept}, the first day of the retention window."
    if request.days > limits.max_days:
        yield f"A job may have at most {limits.max_days} days (BACKFILL_MAX_DAYS)."


def verification_error(day: date, today: date, months: int) -> str | None:
    if day >= today:
        return "date: only a past day can be verified."
    first_kept = cutoff(today, months)
    return f"date: {day} is before {first_kept}, the first day of the retention window." if day < first_kept else None


def build_manifest(request: JobRequest) -> tuple[str, bytes]:
    """Key and body of the manifest. The key is a hash of the body, so a repeated request writes the same object."""
    manifest = BackfillManifest(
        version=1,
        dates=DateRange(from_=request.start_date, to=request.end_date),
        source=DaySource(request.source),
        ruleset_id=str(request.ruleset_id) if request.ruleset_id else None,
        priority=request.priority,
        reason=request.reason,
        requested_by=request.author,
    )
    body = manifest.model_dump_json(by_alias=True, exclude_none=True).encode()
    return f"manifests/api-{sha256(body).hexdigest()[:32]}.json", body
