"""Keeps names: those just learned, and, by the timer, those that killmails went on without."""

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from battlescope_events.catalog import ENTITY_UPDATED
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish
from battlescope_schemas.entity import EntityUpdated
from killmail_enrich.errors import Unavailable
from killmail_enrich.handlers.killmail import SOURCE
from killmail_enrich.names.esi_client import MOST_IDS, Esi
from killmail_enrich.names.model import Name
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.repository import NameStore

_log = logging.getLogger(__name__)
_ROUND_SECONDS: Final = 20.0  # a slow last round still ends before the timer's event times out; the next run goes on
_MOST_SAID: Final = 200


@dataclass(frozen=True, slots=True)
class NameService:
    esi: Esi
    store: NameStore
    hot: NameCache
    publish: Publish
    now: Callable[[], float]

    async def ask(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """Ask ESI for a mail that waits. Names that cannot be kept now serve all the same."""
        names = await self.esi.names(entity_ids)
        await self._keep_if_possible(names.values(), fill=True)
        return names

    async def fetch_low_priority(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """Ask ESI for history, sparingly. Mails that wait get these names from the timer: their rows may be many."""
        names = await self.esi.names(entity_ids, low_priority=True)
        await self._keep_if_possible(names.values(), fill=False)
        return names

    async def _keep_if_possible(self, names: Collection[Name], *, fill: bool) -> None:
        try:
            await self.keep(names, fill=fill)
        except Unavailable as reason:
            _log.warning("Names were learned and not kept: %s", reason)

    async def keep(self, names: Collection[Name], *, fill: bool = True) -> None:
        """Names become known, waiting mails get them if wanted, and the news is written down, all or nothing."""
        if not names:
            return
        async with self.store.name_transaction() as settling:
            news = await settling.remember(names)
            if fill:
                news |= await settling.fill({name.entity_id: name.name for name in names})
            await settling.say((m.headers, m.body) for m in _news(names, news))
        await self.hot.put(names)

    async def resolve_pending(self) -> None:
        """Find the names that mails wait for, until none is left or ESI gives no more; then say what is unsaid."""
        async with self.store.single_flight() as alone:
            begun = self.now()
            while alone and self.now() - begun < _ROUND_SECONDS and await self._resolve_some():
                pass
        await self.flush_outbox()

    async def _resolve_some(self) -> bool:
        wanted = await self.store.wanted(MOST_IDS)
        known = {i: name for i, name in (await self.store.known(wanted)).items() if name.is_fresh(self.now())}
        asked = await self.esi.names([i for i in wanted if i not in known])
        await self.keep([*known.values(), *asked.values()])
        return bool(known or asked)

    async def flush_outbox(self) -> None:
        while True:
            async with self.store.unsaid(_MOST_SAID) as unsaid:
                await self.publish([Message(message.headers, message.body) for message in unsaid])
            if len(unsaid) < _MOST_SAID:
                return


def _news(names: Collection[Name], entity_ids: Collection[int]) -> Iterator[Message]:
    """One event per name that became known or changed; its id comes from entity and name, so a retry repeats it."""
    for name in names:
        if name.entity_id in entity_ids and name.name and name.entity_type:
            time = datetime.fromtimestamp(name.fetched_at, UTC)
            data = EntityUpdated(
                entity_type=name.entity_type, entity_id=name.entity_id, entity_name=name.name, updated_at=time
            )
            key = f"{name.entity_type}:{name.entity_id}:{name.name}"
            yield ENTITY_UPDATED.message(data, source=SOURCE, key=key, time=time)
