"""Which market days a day of killmails waits for."""

from datetime import date, timedelta

import pytest

from killmail_enrich.prices.loading_plan import MAX_REFUSALS, MarketDayState, incomplete_reason, window_of

DAY = date(2026, 7, 24)


def before(days: int) -> date:
    return DAY - timedelta(days=days)


def loaded(*days: int) -> list[MarketDayState]:
    return [MarketDayState(before(back), 50, 50) for back in days]


def missing(*days: int, refusals: int = 0) -> list[MarketDayState]:
    return [MarketDayState(before(back), 50, None, refusals) for back in days]


@pytest.mark.parametrize(
    ("states", "listed_back", "price_day", "missing_days"),
    [
        (loaded(1, 2, 365), 0, 1, ()),
        (loaded(1, 2), 1, 1, ()),
        (missing(1) + loaded(2), 1, None, (1,)),
        (loaded(1, 2) + missing(3, 200), 0, None, (3, 200)),
        (loaded(1) + missing(0, 366), 0, 1, ()),  # outside the window
        ([], None, None, ()),
        (loaded(366), 0, None, ()),
        # The newest day is only half there: nobody waits for it.
        (missing(1, refusals=1) + loaded(2), 1, 2, ()),
        (missing(1, 2, refusals=1) + loaded(3), 1, 3, ()),
        (missing(1, 2, 3, refusals=1) + loaded(4), 1, None, (1, 2, 3)),
        # A day in between that stays unusable becomes a gap.
        (loaded(1, 3) + missing(2, refusals=1), 0, None, (2,)),
        (loaded(1, 3) + missing(2, refusals=MAX_REFUSALS), 0, 1, ()),
        # Live: the source is a day or two behind, or has stopped.
        (loaded(2, 3), 2, 2, ()),
        (loaded(3), 3, 3, ()),
        (loaded(4), 4, None, ()),
        # A gap of weeks in the source that has gone on since.
        (loaded(40), 0, 40, ()),
    ],
)
def test_window(
    states: list[MarketDayState], listed_back: int | None, price_day: int | None, missing_days: tuple[int, ...]
) -> None:
    window = window_of(DAY, states[::-1], None if listed_back is None else before(listed_back))
    assert window.price_day == (None if price_day is None else before(price_day))
    if window.price_day is None:
        assert window.missing == tuple(map(before, missing_days))


def test_file_with_fewer_rows_than_listed_is_incomplete() -> None:
    listed = {before(back): 1000 for back in range(10)}
    assert incomplete_reason(before(5), 980, listed) is None
    assert "979 rows, of 1000" in (incomplete_reason(before(5), 979, listed) or "")


def test_newest_days_with_unusually_few_rows_are_incomplete_until_they_are_old() -> None:
    listed = {before(back): 1000 for back in range(2, 12)}
    assert "of usually 1000" in (incomplete_reason(before(1), 799, listed | {before(1): 799}) or "")
    assert incomplete_reason(before(1), 800, listed | {before(1): 800}) is None
    assert incomplete_reason(before(1), 799, listed | {before(1): 799, before(0): 1000, before(-1): 900}) is None
