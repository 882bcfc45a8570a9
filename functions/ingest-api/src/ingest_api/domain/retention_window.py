"""The retention window: which UTC days an installation keeps. The current time is an argument."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

CLEANUP_TIME: Final = time(2, tzinfo=UTC)  # the schedule of ingest-verify's timer (knative/base)


@dataclass(frozen=True, slots=True)
class Limits:
    """The retention period in months, and the largest number of days of a job."""

    retention_months: int
    max_days: int


def cutoff(today: date, months: int) -> date:
    """The first day of the retention window: `months` before today, clamped to the end of a shorter month."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def next_cleanup(now: datetime) -> datetime:
    today = datetime.combine(now.date(), CLEANUP_TIME)
    return today if now < today else today + timedelta(days=1)
