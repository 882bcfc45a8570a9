"""Enriches a batch of references in slices, by the same rules as single killmails.

A slice takes one request per archive bundle, one lookup of static data, one of names, and one COPY. Few slices are in
progress at once, so memory stays flat however large a batch is, and live killmails are processed in between.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from battlescope_events.errors import PermanentError
from battlescope_events.publisher import Publish
from battlescope_schemas.archive import BatchWriter
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from killmail_enrich.enrichment.archived_killmail import ArchivedKillmail, read_archived_killmail
from killmail_enrich.enrichment.claim_check import enriched_claim_check, read_references
from killmail_enrich.enrichment.enrichment import entity_ids, type_ids
from killmail_enrich.enrichment.serialization import SerializedKillmail, serialize
from killmail_enrich.events import killmail_enriched
from killmail_enrich.handlers.event_loop import yielding_to_event_loop
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import EnrichedSlice, KillmailRepository
from killmail_enrich.static_data.repository import StaticData

SLICE_SIZE: Final = 500  # killmails: the cost of statements and requests per killmail vanishes; 30 MB at most
_CONCURRENT_BATCHES: Final = 2  # while one waits for the database, the other uses the CPU


class _ReadKillmail(NamedTuple):
    reference: KillmailReference
    archived: ArchivedKillmail


@dataclass(frozen=True, slots=True)
class _SliceResult:
    """The lines of a slice's enriched killmails in the order of the references, and the errors of the others."""

    lines: Sequence[bytes]
    errors: Sequence[PermanentError]


@dataclass(frozen=True, slots=True)
class BatchEnricher:
    archive: Archive
    static_data: StaticData
    names: NameResolver
    repository: KillmailRepository
    publish: Publish
    now: Callable[[], datetime]
    semaphore: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CONCURRENT_BATCHES))

    async def enrich(self, references: KillmailChunk) -> None:
        """Enrich, save and publish all killmails of a batch; an invalid one does not block the others.

        Raises:
            PermanentError: the object is not a batch of references, or some of its killmails were rejected.
        """
        async with self.semaphore:
            writer, errors = await self._enrich_slices(references)
        if writer.count:
            enriched = enriched_claim_check(references, writer.count)
            await self.archive.put_once(enriched.chunk_key, writer.finish())
            await self.publish([killmail_enriched(enriched, references.chunk_key, self.now())])
        if errors:
            raise PermanentError(
                f"{len(errors)} of {references.count} killmails of {references.chunk_key} were rejected: {errors[0]}"
            )

    async def _enrich_slices(self, references: KillmailChunk) -> tuple[BatchWriter, list[PermanentError]]:
        writer, errors = BatchWriter(), list[PermanentError]()
        remaining = read_references(await self.archive.batch(references.chunk_key))
        while slice_ := list(islice(remaining, SLICE_SIZE)):
            result = await self._enrich_slice(slice_)
            errors += result.errors
            writer.add(result.lines)
        return writer, errors

    async def _enrich_slice(self, references: Sequence[KillmailReference]) -> _SliceResult:
        started_at = self.now()
        killmails, errors = await self._read_killmails(references)
        locations, types = await self.static_data.look_up_all(
            {killmail.solar_system_id for _, (killmail, _) in killmails},
            frozenset[int]().union(*(type_ids(killmail) for _, (killmail, _) in killmails)),
        )
        resolved = await self.names.resolve(
            frozenset[int]().union(*(entity_ids(killmail) for _, (killmail, _) in killmails))
        )
        enriched: list[SerializedKillmail] = []
        async for reference, archived in yielding_to_event_loop(killmails):
            location = locations.get(archived[0].solar_system_id)
            if location is None:
                errors.append(self.static_data.missing_system(archived[0].solar_system_id))
            else:
                enriched.append(
                    serialize(reference, archived, location, types, resolved.names, missing_ids=resolved.missing_ids)
                )
        ended_at = self.now()
        duration_ms = round((ended_at - started_at).total_seconds() * 1000 / len(references))
        rejected = await self.repository.save_slice(EnrichedSlice(enriched, resolved.stale_ids, ended_at, duration_ms))
        lines = [killmail.line for killmail in enriched if killmail.killmail_id not in rejected]
        return _SliceResult(lines, [*errors, *rejected.values()])

    async def _read_killmails(
        self, references: Sequence[KillmailReference]
    ) -> tuple[list[_ReadKillmail], list[PermanentError]]:
        killmails, errors = list[_ReadKillmail](), list[PermanentError]()
        contents = await self.archive.killmails([reference.archive_key for reference in references])
        async for reference, content in yielding_to_event_loop(list(zip(references, contents, strict=True))):
            try:
                killmails.append(_ReadKillmail(reference, read_archived_killmail(reference, _raise_if_error(content))))
            except PermanentError as error:
                errors.append(error)
        return killmails, errors


def _raise_if_error(content: bytes | PermanentError) -> bytes:
    if isinstance(content, PermanentError):
        raise content
    return content
