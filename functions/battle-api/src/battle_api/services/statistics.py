"""Computes statistics part by part: a part that the database does not give in time is null."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from battle_api.repositories.statistics import StatisticsRepository
from battle_api.schemas import statistics as schemas
from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Database

T = TypeVar("T")
SPANS: Final = {
    schemas.Period.DAY: timedelta(days=1),
    schemas.Period.WEEK: timedelta(days=7),
    schemas.Period.MONTH: timedelta(days=30),
}


class PartLoader:
    """Loads the parts of an answer, each on a connection of its own.

    `failure` is that of the last part that failed, `loaded` whether another one did not: an answer without any part is
    no answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.failure: TransientError | None = None
        self.loaded = False

    async def load(self, part: Callable[[StatisticsRepository], Awaitable[T]]) -> T | None:
        """The part; None where the database does not give it."""
        try:
            async with self._database.connection() as connection:
                result = await part(StatisticsRepository(connection))
        except TransientError as error:
            self.failure = error
            return None
        self.loaded = True
        return result

    def require_any(self) -> None:
        """Raises `TransientError` if every part failed."""
        if not self.loaded and self.failure is not None:
            raise self.failure


async def summary(database: Database, now: datetime) -> schemas.StatisticsSummary:
    """Raises `TransientError` if the database gives no part."""
    parts = PartLoader(database)
    totals = await parts.load(StatisticsRepository.totals)
    body = schemas.StatisticsSummary(
        total_battles=totals and totals[0],
        total_killmails=totals and totals[1],
        unique_alliances=await parts.load(StatisticsRepository.unique_alliances),
        unique_corporations=await parts.load(StatisticsRepository.unique_corporations),
        top_alliances=await parts.load(StatisticsRepository.top_alliances),
        top_corporations=await parts.load(StatisticsRepository.top_corporations),
        generated_at=now,
    )
    parts.require_any()
    return body


async def of_period(database: Database, period: schemas.Period, now: datetime) -> schemas.GlobalStatistics:
    """Raises `TransientError` if the database gives no part."""
    parts, since = PartLoader(database), now - SPANS[period]
    body = schemas.GlobalStatistics(
        period=period,
        battles=await parts.load(lambda statistics: statistics.period_totals(since)),
        top_systems=await parts.load(lambda statistics: statistics.top_systems(since)),
        top_alliances=await parts.load(lambda statistics: statistics.top_alliances(since)),
        activity_timeline=await parts.load(lambda statistics: statistics.hours(since)),
        generated_at=now,
    )
    parts.require_any()
    return body
