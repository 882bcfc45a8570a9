"""Request bodies of backfill jobs and verifications, their validation, and the manifest of a job."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Literal
from uuid import UUID

from battlescope_events.http_api.request_types import AuthoredBody, RequestBody, RequestDate, SingleLine
from battlescope_schemas.backfill import BackfillManifest, DateRange, DaySource, Priority
from ingest_api.domain.retention_window import Limits, cutoff


class JobRequest(AuthoredBody):
    """Backfills the days from startDate to endDate, both inclusive. A repeated request is the same job.

    A different reason makes it a different job.
    """

    start_date: RequestDate
    end_date: RequestDate
    ruleset_id: UUID | None = None
    priority: Priority = Priority.NORMAL
    source: Literal["everef", "r2z2"] = "everef"
    reason: SingleLine = "manual"

    @property
    def days(self) -> int:
        return (self.end_date - self.start_date).days + 1


class VerificationRequest(RequestBody):
    """Compares the stored killmails of a day with the source's list."""

    date: RequestDate


def job_errors(request: JobRequest, today: date, limits: Limits) -> Iterator[str]:
    """The reasons for which the planner of ingest-backfill would reject the job."""
    if request.end_date < request.start_date:
        yield "endDate is before startDate."
    if request.end_date > today:
        yield "endDate is in the future."
    first_kept = cutoff(today, limits.retention_months)
    if request.start_date < first_kept:
        yield f"startDate is before {first_kept}, the first day of the retention window."
    if first_kept <= request.start_date and request.end_date <= today and request.days > limits.max_days:
        yield f"A job may have at most {limits.max_days} days (BACKFILL_MAX_DAYS)."


def verification_error(day: date, today: date, months: int) -> str | None:
    if day >= today:
        return "date: only a past day can be verified."
    first_kept = cutoff(today, months)
    return f"date: {day} is before {first_kept}, the first day of the retention window." if day < first_kept else None


def build_manifest(request: JobRequest, author: str) -> tuple[str, bytes]:
    """Key and body of the manifest. The key is a hash of the body, so a repeated request writes the same object."""
    manifest = BackfillManifest(
        version=1,
        dates=DateRange(from_=request.start_date, to=request.end_date),
        source=DaySource(request.source),
        ruleset_id=str(request.ruleset_id) if request.ruleset_id else None,
        priority=request.priority,
        reason=request.reason,
        requested_by=author,
    )
    body = manifest.model_dump_json(by_alias=True, exclude_none=True).encode()
    return f"manifests/api-{sha256(body).hexdigest()[:32]}.json", body
