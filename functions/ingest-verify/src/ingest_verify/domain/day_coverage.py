"""Days and months of the calendar, and the days that a hole in the feed may have swallowed. Today is an argument."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

ONE_DAY = timedelta(days=1)


def cutoff(today: date, months: int) -> date:
    """The first day that is kept: so many months back, or the last day of that month where it is shorter."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class FeedGap:
    """Sequences passed over: their mails were published between the two times, as far as that is known."""

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
    """Who sees to a day. waits: a job has it, or somebody cancelled one. seen: when all of it was looked for last."""

    day: date
    is_assigned: bool
    checked_at: datetime | None

    def is_checked_since(self, moment: datetime) -> bool:
        return self.checked_at is not None and self.checked_at >= moment


@dataclass(frozen=True, slots=True)
class GapFindings:
    """Days to load, and the gaps of which nothing is missing any more."""

    days: tuple[date, ...]
    filled: tuple[int, ...]


def days_to_backfill(
    gaps: Sequence[FeedGap], empty: Iterable[date], attention: Iterable[DayCoverage], before: date, most: int
) -> GapFindings:
    """The newest days that are to be loaded: of gaps first, since something is known to be missing there.

    before: younger days have no list yet.
    """
    checked_at = {one.day: one for one in attention}
    of_gaps = {day for gap in gaps for day in gap.days if not _is_seen_to(checked_at.get(day), gap.found_at)}
    others = {day for day in empty if not _is_seen_to(checked_at.get(day), _end(day))} - of_gaps
    wanted = [*sorted(of_gaps, reverse=True), *sorted(others, reverse=True)]
    filled = (gap for gap in gaps if all(day in checked_at and checked_at[day].is_checked_since(gap.found_at) for day in gap.days))
    return GapFindings(
        days=tuple(sorted([day for day in wanted if day < before][:most])),
        filled=tuple(gap.first_sequence for gap in filled),
    )


def _is_seen_to(attention: DayCoverage | None, moment: datetime) -> bool:
    return attention is not None and (attention.is_assigned or attention.is_checked_since(moment))


def _end(day: date) -> datetime:
    return datetime.combine(day + ONE_DAY, time(), UTC)
