"""Computes the values of past days again, by command: `python -m killmail_enrich.revaluation --from DAY --to DAY`.

For prices that their source has corrected, new rules, or new static data; nothing does that by itself. What zKillboard
states stays, only the computed value changes. A killmail whose value is the same is not written, so that the command
may be repeated and may continue one that was stopped. It runs beside the function, with the function's environment.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import SettingsError, from_environment
from killmail_enrich.handlers.valuations import PartOutcome, ValuationHandler
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.market.day_prices import DayPrices
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.persistence.valuations import ValuationRepository
from killmail_enrich.settings import BACKFILL_BROKER, RevaluationSettings
from killmail_enrich.static_data.repository import StaticData


class DayOutcome(NamedTuple):
    """What became of the killmails of a day; those without prices wait and are valued when these are loaded."""

    day: date
    read: int = 0
    changed: int = 0
    without_prices: int = 0

    def __str__(self) -> str:
        waiting = f", {self.without_prices:,} wait for prices" if self.without_prices else ""
        return f"{self.day}: {self.read:,} killmails, {self.changed:,} with another value{waiting}"


async def revalue(settings: RevaluationSettings, first: date, last: date, report: Callable[[DayOutcome], None]) -> None:
    """Value all stored killmails from `first` to `last`, both included; `report` is called after each day.

    Raises:
        TransientError: a store or the Broker does not answer; the days that were reported are done.
    """
    async with _handler(settings) as valuations:
        for number in range((last - first).days + 1):
            report(await revalue_day(valuations, first + timedelta(days=number)))


async def revalue_day(valuations: ValuationHandler, day: date) -> DayOutcome:
    """Value the killmails of a day part by part; the events about each part are published after it."""
    outcome, after = DayOutcome(day), 0
    if not await valuations.valuer.has_prices(day):
        await valuations.valuer.want([day])
    while (part := await valuations.value_part(day, after, only_missing=False)).last_id is not None:
        outcome, after = _sum(outcome, part), part.last_id
        await valuations.outbox.flush(valuations.publish)
    return outcome


def _sum(outcome: DayOutcome, part: PartOutcome) -> DayOutcome:
    return DayOutcome(
        outcome.day,
        outcome.read + part.read,
        outcome.changed + part.changed,
        outcome.without_prices + part.without_prices,
    )


@asynccontextmanager
async def _handler(settings: RevaluationSettings) -> AsyncGenerator[ValuationHandler]:
    async with (
        open_pool(settings.database_url, "revaluation", max_size=2) as pool,
        BrokerPublisher(settings.backfill_broker_url) as publish,
    ):
        database, now = Database(pool, "killmail", settings.schema_version), partial(datetime.now, UTC)  # noqa: TID251  # a command of its own
        price_outbox, outbox = Outbox(database, "killmails"), Outbox(database, BACKFILL_BROKER)
        static_data, days = StaticData(database, time.monotonic), MarketDays(database, price_outbox)
        prices = DayPrices(MarketPrices(database), days, static_data, time.monotonic)

        async def want(wanted: Collection[date]) -> None:  # the timer of the function publishes the requests
            async with days.transaction() as transaction:
                await transaction.want(wanted, now())

        yield ValuationHandler(
            Archive(ObjectStorage(settings.bucket_access)),
            static_data,
            ValuationRepository(database, outbox),
            Valuer(prices.vector, want),
            outbox,
            publish,
            now,
        )


def _write(outcome: DayOutcome) -> None:
    sys.stdout.write(f"{outcome}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", required=True, metavar="DAY", type=date.fromisoformat)
    parser.add_argument("--to", dest="last", required=True, metavar="DAY", type=date.fromisoformat)
    arguments = parser.parse_args()
    try:
        settings = from_environment(RevaluationSettings)
        asyncio.run(revalue(settings, arguments.first, arguments.last, _write))
    except (SettingsError, TransientError, PermanentError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
