"""Request and response models of the jobs that compute values again."""

from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from pydantic import model_validator

from battlescope_events.http_api.request_types import AuthoredBody, RequestDate
from battlescope_schemas.base import Schema, UtcTime

RevaluationStatus = Literal["pending", "running", "completed", "cancelled"]
MAX_DAYS: Final = timedelta(days=10_000)  # the game is younger


class RevaluationRequest(AuthoredBody):
    """Compute the values of the killmails of these UTC days again, both included."""

    first_day: RequestDate
    last_day: RequestDate

    @model_validator(mode="after")
    def _check_range(self) -> "RevaluationRequest":
        if self.first_day > self.last_day:
            raise ValueError("firstDay must not be after lastDay")
        if self.last_day - self.first_day > MAX_DAYS:
            raise ValueError(f"a range has at most {MAX_DAYS.days} days")
        return self


class RevaluationProgress(Schema):
    """`changed` killmails got another value; those `without_prices` get theirs when the prices are loaded.

    current_day: all days before it are done. percentage: of the days.
    """

    current_day: date
    percentage: float
    killmails: int
    changed: int
    without_prices: int


class RevaluationJobItem(Schema):
    job_id: UUID
    status: RevaluationStatus
    first_day: date
    last_day: date
    progress: RevaluationProgress
    requested_by: str
    created_at: UtcTime
    started_at: UtcTime | None
    completed_at: UtcTime | None
    cancelled_by: str | None


class RevaluationJobs(Schema):
    items: list[RevaluationJobItem]
    total: int
    limit: int
    offset: int
