"""Composes what looks names up: a resolver for live and one for backfilled killmails, and the services behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_events.upstream.esi import Esi
from killmail_enrich.names.esi_client import EsiClient
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.repository import NameRepository
from killmail_enrich.names.request_batcher import RequestBatcher
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.names.service import NameService
from killmail_enrich.names.ticker_client import TickerClient
from killmail_enrich.names.ticker_repository import TickerRepository
from killmail_enrich.names.ticker_service import TickerService

BACKFILL_SECONDS: Final = 5.0  # how long a slice waits for names; a batch of slices ends before the event's timeout
BACKFILL_REQUESTS: Final = 2  # one per slice in progress: while ESI is slow, backfill goes on without names


@dataclass(frozen=True, slots=True)
class Names:
    """live, backfill: resolve the names of live and of backfilled killmails, which wait longer and hold back."""

    live: NameResolver
    backfill: NameResolver
    service: NameService
    tickers: TickerService
    batchers: tuple[RequestBatcher, RequestBatcher]

    async def ready(self) -> dict[str, int]:
        """What a readiness answer shows. Raises `TransientError` as `Outbox.ready`."""
        return await self.service.ready() | await self.tickers.ready()

    async def close(self) -> None:
        """End the run of tickers, and wait for the requests in flight."""
        await self.tickers.close()
        for batcher in self.batchers:
            await batcher.close()


def compose_names(
    esi: Esi,
    ticker_esi: Esi,
    cache: NameCache,
    *,
    database: Database,
    outbox: Outbox,
    publish: Publish,
    now: Callable[[], float],
) -> Names:
    """`ticker_esi` has a rate of its own, since each ticker takes a request."""
    tickers = TickerService(TickerClient(ticker_esi, now), TickerRepository(database, outbox), outbox, publish, now)
    repository = NameRepository(database, outbox)
    service = NameService(EsiClient(esi, now), repository, cache, outbox, publish, now, tickers.begin)
    live = RequestBatcher(service.fetch)
    backfill = RequestBatcher(
        service.fetch_low_priority, budget_seconds=BACKFILL_SECONDS, max_requests=BACKFILL_REQUESTS
    )
    sources = (cache.find, repository.find)
    return Names(
        NameResolver(sources, live, now), NameResolver(sources, backfill, now), service, tickers, (live, backfill)
    )
