"""Which days an installation keeps. UTC days; today is an argument."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

CLEANUP_TIME: Final = time(2, tzinfo=UTC)  # the schedule of ingest-verify's timer


@dataclass(frozen=True, slots=True)
class Limits:
    """What an installation keeps, and the most that a job may ask for."""

    retention_months: int
    max_days: int


def cutoff(today: date, months: int) -> date:
    """The first day that is kept: so many months back, or the last day of that month where it is shorter."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def next_cleanup(now: datetime) -> datetime:
    today = datetime.combine(now.date(), CLEANUP_TIME)
    return today if now < today else today + timedelta(days=1)
