"""Which days of the market a day of killmails needs, and whether they are loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from killmail_enrich.prices.market_price import WINDOW_DAYS

MAX_REFUSALS: Final = 3  # of an unusable file, until its day counts as a gap; a changed listing starts again
MAX_LAG_DAYS: Final = 3  # between killmails and the newest prices: a file is complete two days after its day
MIN_COMPLETE_SHARE: Final = 0.8  # of the usual rows of a day; weekdays differ by 6 %
MIN_FILE_SHARE: Final = 0.98  # of the listed rows
_USUAL_DAYS: Final = 14
_UNSETTLED_DAYS: Final = 2  # the newest listed days may be in the making; older ones stay as small as they are


@dataclass(frozen=True, slots=True)
class MarketDayState:
    """What is known of a day of the market.

    listed_rows: of its file, by the source's list; 0 where the list does not have it.
    loaded_rows: of the file that is stored; None while none is. refusals: how often its file was unusable in a row.
    """

    day: date
    listed_rows: int
    loaded_rows: int | None = None
    refusals: int = 0

    @property
    def is_missing(self) -> bool:
        return self.loaded_rows is None and self.listed_rows > 0 and self.refusals < MAX_REFUSALS


@dataclass(frozen=True, slots=True)
class Window:
    """What the killmails of a day can be valued with.

    price_day: the last day of the market to use; None while `missing` days are not loaded, or where there are none.
    missing: days to load, newest first. loaded_at: when a day of it was loaded last.
    """

    price_day: date | None
    missing: tuple[date, ...]
    loaded_at: datetime | None = None


def window_of(day: date, states: Iterable[MarketDayState], listed_until: date | None) -> Window:
    """The window of a day of killmails: the year before it.

    Args:
        day: of the killmails.
        states: of market days, in any order.
        listed_until: the newest day in the source's list; None while there is no list.
    """
    first = day - timedelta(days=WINDOW_DAYS)
    within = {state.day: state for state in states if first <= state.day < day}
    missing = tuple(sorted((state.day for state in within.values() if state.is_missing), reverse=True))
    loaded = [state.day for state in within.values() if state.loaded_rows is not None]
    newest = max(loaded, default=None)
    if newest is None or listed_until is None:
        return Window(None, missing)
    # At the edge, a day whose file is in the making waits for nobody: the window ends before it.
    is_near = day - newest <= timedelta(days=MAX_LAG_DAYS)
    blocking = [other for other in missing if not (is_near and other > newest and within[other].refusals)]
    is_known_gap = listed_until >= day - timedelta(days=1)  # the source has gone on without the days in between
    return Window(newest if not blocking and (is_near or is_known_gap) else None, missing)


def incomplete_reason(day: date, rows: int, listed: Mapping[date, int]) -> str | None:
    """Why a file with so many rows is not the whole day yet; None where it is.

    listed: rows by day in the source's list.
    """
    listed_rows = listed.get(day, 0)
    if rows < listed_rows * MIN_FILE_SHARE:
        return f"The market history of {day} has {rows} rows, of {listed_rows} in the source's list."
    before = [count for other, count in listed.items() if timedelta() < day - other <= timedelta(days=_USUAL_DAYS)]
    is_unsettled = max(listed, default=day) - day < timedelta(days=_UNSETTLED_DAYS)
    if is_unsettled and before and rows < median(before) * MIN_COMPLETE_SHARE:
        return f"The market history of {day} has {rows} rows, of usually {median(before):.0f}."
    return None
