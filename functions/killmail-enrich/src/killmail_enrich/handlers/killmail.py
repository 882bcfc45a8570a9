"""Enriches the killmails that were filed."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from battlescope_events.catalog import KILLMAIL_ENRICHED, Enriched, Ingested
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import Publish
from battlescope_schemas.archive import ArchiveKey
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.enrichment import chunks
from killmail_enrich.enrichment.archived_killmail import body_of
from killmail_enrich.enrichment.enrichment import enrich, type_ids
from killmail_enrich.errors import Unavailable, Unusable
from killmail_enrich.handlers.killmail_batch import BatchEnricher
from killmail_enrich.names.model import entity_ids
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import Saved, Store
from killmail_enrich.static_data.repository import StaticData

SOURCE: Final = "killmail-enrich"


@asynccontextmanager
async def translate_errors() -> AsyncGenerator[None]:
    """Tell the sender of an event what our own modules found."""
    try:
        yield
    except Unavailable as reason:
        raise TransientError(str(reason)) from reason
    except Unusable as reason:
        raise PermanentError(str(reason)) from reason


@dataclass(frozen=True, slots=True)
class KillmailHandler:
    """Killmail references in, enriched killmails out."""

    archive: Archive
    static: StaticData
    names: NameResolver
    store: Store
    publish: Publish
    bulk: BatchEnricher
    now: Callable[[], datetime]

    async def handle(self, event: Event[Ingested]) -> None:
        async with translate_errors():
            if isinstance(event.data, KillmailChunk):
                await self.bulk.enrich(event.data, _message)
            else:
                saved = await self._enriched(event.data)
                await self.store.save(saved)
                await self._publish(saved)

    async def _enriched(self, reference: KillmailReference) -> Saved:
        begun = self.now()
        body = body_of(reference, await self.archive.mail(_archive_key(reference)))
        place, types = await self.static.look_up(body[0].solar_system_id, type_ids(body[0]))
        named = await self.names.look_up(entity_ids(body[0]))
        mail = enrich(reference, body, place, types, named.names)
        ended = self.now()
        return Saved(mail, named.missing, named.stale, ended, round((ended - begun).total_seconds() * 1000))

    async def _publish(self, saved: Saved) -> None:
        """Under an id that a redelivery repeats, so no outbox is needed: nothing is acknowledged before it is said."""
        mail = saved.mail
        message = _message(mail, _key(mail), saved.enriched_at)
        if len(message.body) > chunks.LARGEST_EVENT_BODY:
            chunk, body = chunks.of_mail(mail)
            await self.archive.put_once(chunk.chunk_key, body)
            message = _message(chunk, _key(mail), saved.enriched_at)
        await self.publish([message])


def _message(data: Enriched, key: str, time: datetime) -> Message:
    return KILLMAIL_ENRICHED.message(data, source=SOURCE, key=key, time=time)


def _key(mail: EnrichedKillmail) -> str:
    return f"{mail.killmail_id}:{mail.zkb_hash}"


def _archive_key(reference: KillmailReference) -> ArchiveKey:
    try:
        return ArchiveKey.parse(reference.archive_key)
    except ValueError as error:
        raise Unusable(str(error)) from error
