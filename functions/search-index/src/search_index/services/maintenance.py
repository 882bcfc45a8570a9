"""What timer events start: catching up, and the daily rebuild."""

from collections.abc import Callable
from dataclasses import dataclass

from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from search_index.services.copying import Copier
from search_index.services.indexing import Indexer
from search_index.services.rebuilding import Rebuilder


@dataclass(frozen=True, slots=True)
class Maintenance:
    """`new_id` makes the id of a job."""

    indexer: Indexer
    copier: Copier
    rebuilder: Rebuilder
    outbox: Outbox
    broker: Publish
    new_id: Callable[[], str]

    async def index_and_copy(self) -> None:
        """Index and copy all that is queued. Raises `TransientError`."""
        await self.indexer.index_queued()
        await self.copier.copy_queued()

    async def catch_up(self) -> None:
        """Do what ended processes and a stopped search engine left. Raises `TransientError`."""
        await self.indexer.queue_incomplete()
        await self.rebuilder.request_stalled()
        await self.publish()
        await self.index_and_copy()

    async def request_rebuild(self) -> None:
        """Begin the rebuild of the day: names, tickers and scores of copies become those of today."""
        await self.rebuilder.request(self.new_id(), "daily rebuild")
        await self.publish()

    async def publish(self) -> None:
        await self.outbox.flush(self.broker)
