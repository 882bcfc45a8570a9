"""The state of each market day, of their source, and the days of killmails that wait for prices."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Enqueued, Outbox
from battlescope_events.postgres.unit_of_work import UnitOfWork
from killmail_enrich.events import prices_requested
from killmail_enrich.persistence.market_prices import save_days
from killmail_enrich.prices.loading_plan import MAX_REFUSALS, MarketDayState, Window, window_of
from killmail_enrich.prices.market_price import WINDOW_DAYS
from killmail_enrich.prices.price_file import MarketDay

# A day whose file the source has rewritten keeps its prices until it is loaded again, but may be refused again.
SAVE_LISTING: Final[LiteralString] = """
INSERT INTO market_days AS existing (day, listed_rows)
SELECT day, listed_rows FROM unnest(%(days)s::date[], %(rows)s::bigint[]) AS listing (day, listed_rows)
ON CONFLICT (day) DO UPDATE SET listed_rows = EXCLUDED.listed_rows, refusals = 0
WHERE existing.listed_rows <> EXCLUDED.listed_rows
"""
SOURCE_LISTED: Final[LiteralString] = """
INSERT INTO market_source (listed_at) VALUES (%(now)s::timestamptz)
ON CONFLICT (only_row) DO UPDATE SET listed_at = EXCLUDED.listed_at, failed_at = NULL, failure = NULL
"""
SOURCE_FAILED: Final[LiteralString] = """
INSERT INTO market_source (failed_at, failure) VALUES (%(now)s::timestamptz, %(failure)s::text)
ON CONFLICT (only_row) DO UPDATE SET failed_at = EXCLUDED.failed_at, failure = EXCLUDED.failure
"""
SELECT_LISTED_AT: Final[LiteralString] = "SELECT listed_at FROM market_source"
# The days that are missing and the newest that is loaded; the year of a window as rows cost more than all its prices.
SELECT_WINDOW: Final[LiteralString] = """
SELECT max(day) FILTER (WHERE loaded_rows IS NOT NULL) AS newest, max(loaded_at) AS loaded_at,
    (SELECT max(day) FROM market_days WHERE listed_rows > 0) AS listed_until,
    array_agg(day) FILTER (WHERE loaded_rows IS NULL) AS missing,
    array_agg(listed_rows) FILTER (WHERE loaded_rows IS NULL) AS listed_rows,
    array_agg(refusals) FILTER (WHERE loaded_rows IS NULL) AS refusals
FROM market_days WHERE day >= %(first)s::date AND day < %(day)s::date
"""
SELECT_LISTED_ROWS: Final[LiteralString] = """
SELECT day, listed_rows FROM market_days
WHERE day BETWEEN %(first)s::date AND %(last)s::date AND listed_rows > 0
"""
SELECT_RESTING: Final[LiteralString] = """
SELECT day FROM market_days WHERE refused_at > %(since)s::timestamptz AND loaded_rows IS NULL
"""
SELECT_REWRITTEN: Final[LiteralString] = """
SELECT day FROM market_days
WHERE loaded_rows IS NOT NULL AND listed_rows <> loaded_listed_rows AND listed_rows <> loaded_rows
    AND refusals < %(max_refusals)s AND day >= %(first)s::date AND day < %(day)s::date
ORDER BY day DESC LIMIT %(max_days)s
"""
SELECT_LOADED: Final[LiteralString] = """
SELECT day FROM market_days WHERE day = ANY (%(days)s::date[]) AND loaded_rows IS NOT NULL
"""
SAVE_LOADED: Final[LiteralString] = """
INSERT INTO market_days AS existing (day, loaded_rows, loaded_listed_rows, loaded_at)
SELECT day, rows, 0, %(now)s::timestamptz FROM unnest(%(days)s::date[], %(rows)s::bigint[]) AS loaded (day, rows)
ON CONFLICT (day) DO UPDATE SET loaded_rows = EXCLUDED.loaded_rows, loaded_listed_rows = existing.listed_rows,
    loaded_at = EXCLUDED.loaded_at, refusals = 0, refused_at = NULL, refusal = NULL
"""
SAVE_REFUSED: Final[LiteralString] = """
UPDATE market_days SET refusals = refusals + 1, refused_at = %(now)s::timestamptz, refusal = %(reason)s::text
WHERE day = %(day)s::date
"""
SELECT_WAITING: Final[LiteralString] = "SELECT day FROM wanted_price_days WHERE day = ANY (%(days)s::date[])"
WANT_DAYS: Final[LiteralString] = """
INSERT INTO wanted_price_days (day) SELECT day FROM unnest(%(days)s::date[]) AS wanted (day) ORDER BY day
ON CONFLICT (day) DO NOTHING
RETURNING day, since, requests
"""
SELECT_WANTED: Final[LiteralString] = """
SELECT day, since, requests FROM wanted_price_days WHERE day = %(day)s::date FOR UPDATE
"""
REQUEST_DUE: Final[LiteralString] = """
UPDATE wanted_price_days SET requests = requests + 1, retry_at = %(now)s::timestamptz + %(rest)s::interval
WHERE day IN (
    SELECT day FROM wanted_price_days WHERE retry_at <= %(now)s::timestamptz
    ORDER BY retry_at, day LIMIT %(max_days)s FOR UPDATE SKIP LOCKED
)
RETURNING day, since, requests
"""
SAVE_PROGRESS: Final[LiteralString] = """
UPDATE wanted_price_days SET requests = requests + 1, failures = 0, retry_at = %(retry_at)s::timestamptz
WHERE day = %(day)s::date
RETURNING day, since, requests
"""
SAVE_FAILURE: Final[LiteralString] = """
UPDATE wanted_price_days SET failures = failures + 1,
    retry_at = %(now)s::timestamptz + least(%(rest)s::interval * (2 ^ least(failures, 20)), %(max_rest)s::interval)
WHERE day = %(day)s::date
"""
DELETE_WANTED: Final[LiteralString] = "DELETE FROM wanted_price_days WHERE day = %(day)s::date"
SELECT_FIGURES: Final[LiteralString] = """
SELECT (SELECT count(*) FROM wanted_price_days) AS unpriced_days,
    (SELECT count(*) FROM market_days WHERE refusals > 0) AS refused_market_days,
    (SELECT count(*) FROM market_source WHERE failure IS NOT NULL) AS failing_sources
"""
REST: Final = timedelta(minutes=10)  # between two requests of a day that waits
MAX_REST: Final = timedelta(days=1)
REFUSED_REST: Final = timedelta(hours=1)  # until an unusable file is tried again
MAX_DAYS_PER_TIMER: Final = 100
_NEIGHBOURS: Final = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class WantedDay:
    """A day of killmails that wait. since and requests make its events distinct."""

    day: date
    since: datetime
    requests: int

    @property
    def key(self) -> str:
        """Of the next event about this day."""
        return f"{self.day}:{self.since.isoformat()}:{self.requests}"


@dataclass(frozen=True, slots=True)
class PriceFigures:
    unpriced_days: int
    refused_market_days: int
    failing_sources: int


@dataclass(frozen=True, slots=True)
class _ListedDay:
    day: date
    listed_rows: int


@dataclass(frozen=True, slots=True)
class _WindowRow:
    newest: date | None
    loaded_at: datetime | None
    listed_until: date | None
    missing: list[date] | None
    listed_rows: list[int] | None
    refusals: list[int] | None

    def window(self, day: date) -> Window:
        columns = (self.missing or (), self.listed_rows or (), self.refusals or ())
        states = [MarketDayState(day, listed, None, refusals) for day, listed, refusals in zip(*columns, strict=True)]
        if self.newest is not None:
            states.append(MarketDayState(self.newest, 0, 0))
        return replace(window_of(day, states, self.listed_until), loaded_at=self.loaded_at)


class MarketDays:
    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["MarketTransaction"]:
        async with self._database.transaction() as connection:
            yield MarketTransaction(connection, self._outbox)

    async def window(self, day: date) -> Window:
        """The window of a day of killmails."""
        async with self._database.connection() as connection:
            row = await connection.row(_WindowRow, SELECT_WINDOW, _window_params(day))
        return row.window(day) if row else window_of(day, (), None)

    async def waiting(self, days: Collection[date]) -> set[date]:
        """Which of these days wait already. Their `prices.day-loaded` follows all killmails stored before this."""
        async with self._database.connection() as connection:
            return set(await connection.column(SELECT_WAITING, {"days": list(days)}))

    async def listed_at(self) -> datetime | None:
        async with self._database.connection() as connection:
            return await connection.scalar(SELECT_LISTED_AT)

    async def listed_rows(self, day: date) -> dict[date, int]:
        """Rows of the files around a day, by the list of the source."""
        async with self._database.connection() as connection:
            params = {"first": day - _NEIGHBOURS, "last": day + _NEIGHBOURS}
            rows = await connection.rows(_ListedDay, SELECT_LISTED_ROWS, params)
        return {row.day: row.listed_rows for row in rows}

    async def resting(self, now: datetime) -> set[date]:
        """The days whose file was unusable so recently that it is not tried again yet."""
        async with self._database.connection() as connection:
            return set(await connection.column(SELECT_RESTING, {"since": now - REFUSED_REST}))

    async def rewritten(self, day: date, max_days: int) -> list[date]:
        """The loaded days of the window of `day` that the source has rewritten since, newest first."""
        params = {"max_days": max_days, "max_refusals": MAX_REFUSALS}
        async with self._database.connection() as connection:
            return await connection.column(SELECT_REWRITTEN, _window_params(day) | params)

    async def figures(self) -> PriceFigures:
        async with self._database.connection() as connection:
            figures = await connection.row(PriceFigures, SELECT_FIGURES)
        return figures or PriceFigures(0, 0, 0)


class MarketTransaction(UnitOfWork):
    """One transaction about market days, and the events about it."""

    async def save_listing(self, listing: Mapping[date, int], now: datetime) -> None:
        await self._connection.execute(SAVE_LISTING, {"days": list(listing), "rows": list(listing.values())})
        await self._connection.execute(SOURCE_LISTED, {"now": now})

    async def save_failure_of_source(self, reason: str, now: datetime) -> None:
        await self._connection.execute(SOURCE_FAILED, {"now": now, "failure": reason})

    async def save_days(self, days: Sequence[MarketDay], now: datetime) -> None:
        """Store days with their prices; a day that is stored already is replaced."""
        dates = [day.day for day in days]
        replaced = await self._connection.column(SELECT_LOADED, {"days": dates})
        await save_days(self._connection, days, replaced)
        rows = [day.rows for day in days]
        await self._connection.execute(SAVE_LOADED, {"days": dates, "rows": rows, "now": now})

    async def save_refusal(self, day: date, reason: str, now: datetime) -> None:
        await self._connection.execute(SAVE_REFUSED, {"day": day, "reason": reason, "now": now})

    async def wanted(self, day: date) -> WantedDay | None:
        """The row of a day that waits, locked."""
        return await self._connection.row(WantedDay, SELECT_WANTED, {"day": day})

    async def request_due(self, now: datetime) -> list[WantedDay]:
        params = {"now": now, "rest": REST, "max_days": MAX_DAYS_PER_TIMER}
        return await self._connection.rows(WantedDay, REQUEST_DUE, params)

    async def save_progress(self, day: date, now: datetime) -> WantedDay | None:
        params = {"day": day, "retry_at": now + REST}
        return await self._connection.row(WantedDay, SAVE_PROGRESS, params)

    async def save_failure(self, day: date, now: datetime) -> None:
        params = {"day": day, "now": now, "rest": REST, "max_rest": MAX_REST}
        await self._connection.execute(SAVE_FAILURE, params)

    async def want(self, days: Collection[date], now: datetime) -> Enqueued:
        """Let those days wait that do not yet, and request their prices. The caller publishes what is enqueued.

        Call it after the killmails of these days are stored: `prices.day-loaded` follows in a later transaction, and
        so finds them. Nothing is locked, so that killmails of one day do not wait for each other.
        """
        added = await self._connection.rows(WantedDay, WANT_DAYS, {"days": sorted(days)})
        return await self.enqueue([prices_requested(wanted.day, 0, wanted.key, now) for wanted in added])

    async def end_wait(self, day: date) -> None:
        await self._connection.execute(DELETE_WANTED, {"day": day})


def _window_params(day: date) -> dict[str, Any]:
    return {"first": day - timedelta(days=WINDOW_DAYS), "day": day}
