"""Retention cutoff, and the days that must be loaded because of feed gaps or missing kills. Today is an argument."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

ONE_DAY = timedelta(days=1)


def cutoff(today: date, months: int) -> date:
    """The first day within retention: `months` back, or the last day of that month if it is shorter."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class FeedGap:
    """A row of `feed_gaps`: skipped sequences, published between the two times; the first time may be unknown."""

    first_sequence: int
    after_time: datetime | None
    found_at: datetime

    @property
    def days(self) -> frozenset[date]:
        last = self.found_at.date()
        first = min(self.after_time.date(), last) if self.after_time else last
        return frozenset(first + n * ONE_DAY for n in range((last - first).days + 1))


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """is_assigned: an open job has the day, or an operator cancelled it. checked_at: the last complete check."""

    day: date
    is_assigned: bool
    checked_at: datetime | None

    def is_checked_since(self, timestamp: datetime) -> bool:
        return self.checked_at is not None and self.checked_at >= timestamp


@dataclass(frozen=True, slots=True)
class GapFindings:
    """The days to backfill, and the first sequences of the gaps whose days are all checked."""

    days: tuple[date, ...]
    filled_gaps: tuple[int, ...]


def days_to_backfill(
    gaps: Sequence[FeedGap], empty_days: Iterable[date], coverage: Iterable[DayCoverage], before: date, max_days: int
) -> GapFindings:
    """The newest days to load; days of gaps come first, because killmails are certainly missing there.

    before: the source has no lists yet from this day on.
    """
    by_day = {covered.day: covered for covered in coverage}
    gap_days = {day for gap in gaps for day in gap.days if not _is_covered(by_day.get(day), gap.found_at)}
    other_days = {day for day in empty_days if not _is_covered(by_day.get(day), _end_of(day))} - gap_days
    candidates = [*sorted(gap_days, reverse=True), *sorted(other_days, reverse=True)]
    filled_gaps = (
        gap for gap in gaps if all(day in by_day and by_day[day].is_checked_since(gap.found_at) for day in gap.days)
    )
    return GapFindings(
        days=tuple(sorted([day for day in candidates if day < before][:max_days])),
        filled_gaps=tuple(gap.first_sequence for gap in filled_gaps),
    )


def _is_covered(coverage: DayCoverage | None, since: datetime) -> bool:
    return coverage is not None and (coverage.is_assigned or coverage.is_checked_since(since))


def _end_of(day: date) -> datetime:
    return datetime.combine(day + ONE_DAY, time(), UTC)
