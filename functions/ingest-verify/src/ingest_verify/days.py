"""Days and months of the calendar, and the days that a hole in the feed may have swallowed. Today is an argument."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ONE = timedelta(days=1)


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
        return frozenset(first + n * ONE for n in range((last - first).days + 1))


@dataclass(frozen=True, slots=True)
class Findings:
    """Days to load, and the gaps that have nothing left to load once these are."""

    days: tuple[date, ...]
    filled: tuple[int, ...]


def findings(
    gaps: Sequence[FeedGap], empty: Iterable[date], settled: AbstractSet[date], before: date, most: int
) -> Findings:
    """The newest days that are to be loaded: of gaps first, since something is known to be missing there.

    settled: days that a job or a verification has seen to. before: younger days have no list yet.
    """
    of_gaps = {day for gap in gaps for day in gap.days if day < before} - settled
    others = {day for day in empty if day < before} - settled - of_gaps
    wanted = [*sorted(of_gaps, reverse=True), *sorted(others, reverse=True)][:most]
    done = settled | set(wanted)
    return Findings(tuple(sorted(wanted)), tuple(gap.first_sequence for gap in gaps if gap.days <= done))
