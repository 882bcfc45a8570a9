"""Fetches names from ESI, stores them, fills them into killmails that wait for them, and publishes `entity.updated`."""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_events.upstream.esi import MAX_IDS_PER_REQUEST
from battlescope_schemas.entity import EntityUpdated
from killmail_enrich.events import entity_updated
from killmail_enrich.names.esi_client import EsiClient
from killmail_enrich.names.model import Name
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.repository import NameRepository
from killmail_enrich.names.tickers import ROUTES

_log = logging.getLogger(__name__)
_RUN_SECONDS: Final = 20.0  # a slow last batch still ends before the timer event times out; the next run continues


@dataclass(frozen=True, slots=True)
class NameService:
    esi: EsiClient
    repository: NameRepository
    cache: NameCache
    outbox: Outbox
    publish: Publish
    now: Callable[[], float]
    fetch_tickers: Callable[[], None] = lambda: None

    async def fetch(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """Fetch the names that a killmail waits for. Names that cannot be stored now are returned all the same.

        Then begin to fetch tickers, if an organisation is among them; nothing waits for these.
        """
        names = await self.esi.fetch(entity_ids)
        await self._store_or_log(self.save(names.values()))
        if any(name.entity_type in ROUTES for name in names.values()):
            self.fetch_tickers()
        return names

    async def fetch_low_priority(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """Fetch names for backfilled killmails within half of the error budget.

        It does not fill them into killmails that wait: there may be many, so the timer does that. Nor are they put into
        Valkey, where they would take the place of names of the day; the database has them.
        """
        names = await self.esi.fetch(entity_ids, low_priority=True)
        await self._store_or_log(self._store(names.values(), fill_in=False))
        return names

    async def save(self, names: Collection[Name]) -> None:
        """Store names, fill them into the killmails that wait, and enqueue the events, in one transaction."""
        await self._store(names, fill_in=True)
        await self.cache.put(names)

    async def _store(self, names: Collection[Name], *, fill_in: bool) -> None:
        if not names:
            return
        async with self.repository.name_transaction() as transaction:
            updated_ids = await transaction.save(names)
            if fill_in:
                updated_ids |= await transaction.fill_in({name.entity_id: name.name for name in names if name.name})
            await transaction.enqueue(list(_entity_updates(names, updated_ids)))

    async def _store_or_log(self, storing: Awaitable[None]) -> None:
        try:
            await storing
        except TransientError as error:
            _log.warning("Names resolved but not stored: %s", error)

    async def resolve_pending(self) -> None:
        """Resolve the names that are due until none is left, ESI returns no more or the time is up.

        Then flush the outbox. A name that ESI does not have is due again later (`model.RETRY_SECONDS`).
        """
        async with self.repository.single_flight() as is_only_run:
            started_at = self.now()
            while is_only_run and self.now() - started_at < _RUN_SECONDS and await self._resolve_batch():
                pass
        await self.outbox.flush(self.publish)

    async def _resolve_batch(self) -> bool:
        """Whether ESI or the table had an answer."""
        now = self.now()
        due_ids = await self.repository.due_ids(now, MAX_IDS_PER_REQUEST)
        stored = await self.repository.find(due_ids)
        current = {i: name for i, name in stored.items() if not name.is_due(now)}
        fetched = await self.esi.fetch([i for i in due_ids if i not in current])
        answers = [name.after(stored.get(entity_id)) for entity_id, name in fetched.items()]
        await self.save([*current.values(), *answers])
        return bool(current or fetched)

    async def ready(self) -> dict[str, int]:
        """What a readiness answer shows of names. Raises `TransientError` as `Outbox.ready`."""
        return await self.outbox.ready() | {"pendingNames": await self.repository.pending_count()}


def _entity_updates(names: Collection[Name], updated_ids: Collection[int]) -> Iterator[Message]:
    """One event per name that is new or changed."""
    for name in names:
        if name.entity_id in updated_ids and name.name and name.entity_type:
            yield entity_updated(
                EntityUpdated(
                    entity_type=name.entity_type,
                    entity_id=name.entity_id,
                    entity_name=name.name,
                    updated_at=datetime.fromtimestamp(name.fetched_at, UTC),
                )
            )
