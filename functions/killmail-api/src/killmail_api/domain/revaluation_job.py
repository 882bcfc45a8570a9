"""A job that computes values again."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RevaluationJob:
    """A row of `revaluation_jobs`. position_day: the day that is being valued."""

    id: UUID
    first_day: date
    last_day: date
    requested_by: str
    status: str
    position_day: date
    killmails_read: int
    killmails_changed: int
    killmails_without_prices: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_by: str | None
