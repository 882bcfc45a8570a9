"""Enriches ingested killmails, stores them and publishes them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from battlescope_events.catalog import Ingested
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish
from battlescope_schemas.archive import ArchiveKey
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.enrichment import claim_check
from killmail_enrich.enrichment.archived_killmail import read_archived_killmail
from killmail_enrich.enrichment.enrichment import enrich, entity_ids, type_ids
from killmail_enrich.events import killmail_enriched
from killmail_enrich.handlers.killmail_batch import BatchEnricher
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import EnrichmentResult, KillmailRepository
from killmail_enrich.static_data.repository import StaticData


@dataclass(frozen=True, slots=True)
class KillmailHandler:
    """Handles single references; `batch_enricher` handles batches of them."""

    archive: Archive
    static_data: StaticData
    names: NameResolver
    repository: KillmailRepository
    publish: Publish
    batch_enricher: BatchEnricher
    now: Callable[[], datetime]

    async def handle(self, event: Event[Ingested]) -> None:
        if isinstance(event.data, KillmailChunk):
            await self.batch_enricher.enrich(event.data)
        else:
            result = await self._enrich(event.data)
            await self.repository.save(result)
            await self._publish(result)

    async def _enrich(self, reference: KillmailReference) -> EnrichmentResult:
        started_at = self.now()
        archived = read_archived_killmail(reference, await self.archive.killmail(_archive_key(reference)))
        location, types = await self.static_data.look_up(archived[0].solar_system_id, type_ids(archived[0]))
        resolved = await self.names.resolve(entity_ids(archived[0]))
        killmail = enrich(reference, archived, location, types, resolved.names)
        ended_at = self.now()
        duration_ms = round((ended_at - started_at).total_seconds() * 1000)
        return EnrichmentResult(killmail, resolved.missing_ids, resolved.stale_ids, ended_at, duration_ms)

    async def _publish(self, result: EnrichmentResult) -> None:
        """No outbox is needed: the event is acknowledged after this, and a redelivery publishes under the same id."""
        killmail = result.killmail
        key = f"{killmail.killmail_id}:{killmail.zkb_hash}"
        message = killmail_enriched(killmail, key, result.enriched_at)
        if len(message.body) > claim_check.MAX_EVENT_BYTES:
            payload, content = claim_check.claim_check_of(killmail)
            await self.archive.put_once(payload.chunk_key, content)
            message = killmail_enriched(payload, key, result.enriched_at)
        await self.publish([message])


def _archive_key(reference: KillmailReference) -> ArchiveKey:
    try:
        return ArchiveKey.parse(reference.archive_key)
    except ValueError as error:
        raise PermanentError(str(error)) from error
