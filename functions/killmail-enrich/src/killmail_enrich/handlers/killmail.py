"""Enriches ingested killmails, stores them and publishes them: one reference, or the references of a batch.

Both take the same way, `process`; a single killmail is a slice of one. A batch is processed in slices: each takes one
request per archive bundle, one lookup of static data, one of names, and one COPY. Few slices are in progress at once,
so memory stays flat however large a batch is, and live killmails are processed in between.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from battlescope_events.catalog import Ingested
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish
from battlescope_events.record_size import MAX_EVENT_BYTES, event_bytes
from battlescope_schemas.archive import BatchWriter
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, read_killmail
from battlescope_schemas.reference import KillmailChunk
from battlescope_schemas.reference_lines import ReferenceLine, encode_line, line_of
from killmail_enrich.enrichment.claim_check import (
    claim_check_of,
    enriched_claim_check,
    read_references,
)
from killmail_enrich.enrichment.enrichment import EnrichedLine, encode, enrich, entity_ids, type_ids
from killmail_enrich.enrichment.locations import Location, Types
from killmail_enrich.events import batch_enriched, event_key, killmail_enriched
from killmail_enrich.handlers.event_loop import parts_between_other_tasks
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.names.model import ResolvedNames
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmails import EnrichedSlice, KillmailRepository
from killmail_enrich.static_data.repository import StaticData
from killmail_enrich.valuation.killmail_value import KillmailValue, Valuations

_log = logging.getLogger(__name__)
SLICE_SIZE: Final = 500  # killmails: the cost of statements and requests per killmail vanishes; 30 MB at most
_CONCURRENT_BATCHES: Final = 2  # while one waits for the database, the other uses the CPU
_SMALL_BATCH: Final = 32  # killmails; such batches need no turn, as single killmails do not: one may wait for names


async def _announce_nothing(_: Sequence[int]) -> None:
    """Backfilled killmails are no news for a live stream."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where killmails of one kind get their names from, and where they are published.

    announce: tells live streams the ids of stored killmails. semaphore: how many batches are processed at a time.
    """

    names: NameResolver
    publish: Publish
    announce: Callable[[Sequence[int]], Awaitable[None]] = _announce_nothing
    semaphore: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CONCURRENT_BATCHES))


@dataclass(frozen=True, slots=True)
class ProcessedSlice:
    """The enriched killmails in the order of their references, and the errors of others.

    A killmail in a system that the static data lacks is in neither: it is stored and waits for an import.
    """

    killmails: Sequence[EnrichedLine]
    errors: Sequence[PermanentError]
    enriched_at: datetime


@dataclass(frozen=True, slots=True)
class KillmailHandler:
    """Backfilled killmails wait longer for their names than live ones, and are published on another Broker.

    A batch without a job is live: ingest-poll publishes batches while many killmails come.
    """

    archive: Archive
    static_data: StaticData
    valuer: Valuer
    repository: KillmailRepository
    live: Delivery
    backfill: Delivery
    now: Callable[[], datetime]

    async def handle(self, event: Event[Ingested]) -> None:
        if isinstance(event.data, KillmailChunk):
            await self._process_batch(event.data)
        else:
            await self._process_single(line_of(event.data))

    async def process(self, references: Sequence[ReferenceLine], names: NameResolver) -> ProcessedSlice:
        """Read → locate → value → name → enrich → save.

        Neither an invalid killmail nor an unknown system nor a day without prices blocks the others.
        """
        started_at, errors = self.now(), list[PermanentError]()
        archived = await self._read(references, errors)
        locations, types = await self._look_up([killmail for _, killmail in archived])
        valuations = await self.valuer.values([killmail for _, killmail in archived])
        resolved = await names.resolve(_union(entity_ids(killmail) for _, killmail in archived))
        lines = [
            enrich(
                reference,
                killmail,
                locations.get(killmail.solar_system_id),
                types,
                resolved.names,
                computed=_value(valuations, killmail),
            )
            async for part in parts_between_other_tasks(archived)
            for reference, killmail in part
        ]
        waiting = _waiting(archived, locations)
        ended_at = self.now()
        duration_ms = round((ended_at - started_at).total_seconds() * 1000 / len(references))
        missing_ids = _missing_ids((killmail for _, killmail in archived), resolved)
        by_text_id = {str(killmail_id): valuation for killmail_id, valuation in valuations.items()}
        enriched = EnrichedSlice(lines, missing_ids, resolved.stale_ids, ended_at, duration_ms, waiting, by_text_id)
        rejected = await self.repository.save(enriched) if lines else {}
        if without_prices := {k.killmail_time.date() for _, k in archived if k.killmail_id not in valuations}:
            await self.valuer.want(without_prices)
        saved = [line for line in lines if line.killmail_id not in rejected and line.killmail_id not in waiting]
        return ProcessedSlice(saved, [*errors, *rejected.values()], ended_at)

    async def _process_single(self, reference: ReferenceLine) -> None:
        processed = await self.process([reference], self.live.names)
        if processed.errors:
            raise processed.errors[0]
        for killmail in processed.killmails:
            await self._publish(killmail, processed.enriched_at)
        await self.live.announce([int(reference.killmail_id)])

    async def ready(self) -> dict[str, int]:
        """What a readiness answer shows of killmails. Raises `TransientError` as `Outbox.ready`."""
        return {"waitingKillmails": await self.repository.waiting_count()}

    async def complete_waiting(self) -> None:
        """Process the killmails that wait for a system which the static data has by now."""
        while references := await self.repository.waiting_references(SLICE_SIZE):
            processed = await self.process(references, self.live.names)
            for killmail in processed.killmails:
                await self._publish(killmail, processed.enriched_at)
            for error in processed.errors:
                _log.error("A killmail whose system is known by now cannot be completed: %s", error)
            await self.live.announce([int(killmail.killmail_id) for killmail in processed.killmails])
            await self.repository.end_wait([int(reference.killmail_id) for reference in references])

    async def _process_batch(self, references: KillmailChunk) -> None:
        """Process and publish all killmails of a batch.

        Raises:
            PermanentError: the object is not a batch of references, or some of its killmails were rejected.
        """
        delivery = self.live if references.job_id is None else self.backfill
        async with delivery.semaphore if references.count > _SMALL_BATCH else nullcontext():
            writer, saved_ids, errors = await self._process_slices(references, delivery.names)
        if writer.count:
            content = writer.finish()
            enriched = enriched_claim_check(references, content, writer.count)
            if enriched.content is None:  # else the event carries it, and nobody would read the object
                await self.archive.put_once(enriched.chunk_key, content)
            await delivery.publish([batch_enriched(enriched, enriched.chunk_key, self.now())])
            await delivery.announce(saved_ids)
        if errors:
            raise PermanentError(
                f"{len(errors)} of {references.count} killmails of {references.chunk_key} were rejected: {errors[0]}"
            )

    async def _process_slices(
        self, references: KillmailChunk, names: NameResolver
    ) -> tuple[BatchWriter, list[int], list[PermanentError]]:
        """The lines of the enriched killmails, their ids, and the errors of the others."""
        writer, saved_ids, errors = BatchWriter(), list[int](), list[PermanentError]()
        content = references.content or await self.archive.batch(references.chunk_key)
        lines = read_references(content)
        for start in range(0, len(lines), SLICE_SIZE):
            processed = await self.process(lines[start : start + SLICE_SIZE], names)
            errors += processed.errors
            saved_ids += (int(line.killmail_id) for line in processed.killmails)
            writer.add([encode(line) for line in processed.killmails])
        return writer, saved_ids, errors

    async def _publish(self, killmail: EnrichedLine, time: datetime) -> None:
        """No outbox is needed: the event is acknowledged after this, and a redelivery publishes under the same id."""
        content = encode(killmail)
        message = killmail_enriched(killmail, content, time)
        if event_bytes(message) > MAX_EVENT_BYTES:
            payload, batch = claim_check_of(killmail, content)
            await self.archive.put_once(payload.chunk_key, batch)
            message = batch_enriched(payload, event_key(killmail), time)
        await self.live.publish([message])

    async def _read(
        self, references: Sequence[ReferenceLine], errors: list[PermanentError]
    ) -> list[tuple[ReferenceLine, ArchivedKillmail]]:
        archived: list[tuple[ReferenceLine, ArchivedKillmail]] = []
        contents = await self.archive.killmails([reference.archive_key for reference in references])
        async for part in parts_between_other_tasks(list(zip(references, contents, strict=True))):
            for reference, content in part:
                killmail_id, archive_key = int(reference.killmail_id), reference.archive_key
                try:
                    archived.append((reference, read_archived_killmail(killmail_id, archive_key, content)))
                except PermanentError as error:
                    errors.append(error)
        return archived

    async def _look_up(self, killmails: Sequence[ArchivedKillmail]) -> tuple[Mapping[int, Location], Types]:
        """The solar systems and ship types of the killmails that the static data has."""
        system_ids = {killmail.solar_system_id for killmail in killmails}
        return await self.static_data.look_up(system_ids, _union(map(type_ids, killmails)))


def read_archived_killmail(killmail_id: int, archive_key: str, content: bytes | PermanentError) -> ArchivedKillmail:
    """The killmail with this id in what the archive holds under the key.

    Raises:
        PermanentError: the archive has no such key, or its bytes are not this killmail.
    """
    if isinstance(content, PermanentError):
        raise content
    try:
        killmail = read_killmail(content)
    except InvalidKillmail as error:
        raise PermanentError(f"Archive key {archive_key} does not hold a killmail: {error}") from error
    if killmail.killmail_id != killmail_id:
        raise PermanentError(f"Archive key {archive_key} holds killmail {killmail.killmail_id}, not {killmail_id}.")
    return killmail


def _value(valuations: Valuations, killmail: ArchivedKillmail) -> KillmailValue | None:
    valuation = valuations.get(killmail.killmail_id)
    return valuation and valuation.value


def _waiting(archived: Iterable[tuple[ReferenceLine, ArchivedKillmail]], locations: Collection[int]) -> dict[str, str]:
    """The references, as JSON by killmail id, whose system the static data lacks."""
    return {
        reference.killmail_id: encode_line(reference).decode()
        for reference, killmail in archived
        if killmail.solar_system_id not in locations
    }


def _missing_ids(killmails: Iterable[ArchivedKillmail], resolved: ResolvedNames) -> dict[str, Sequence[int]]:
    """By killmail, those of its entities whose names could not be resolved in time."""
    missing = frozenset(resolved.missing_ids)
    if not missing:
        return {}
    found = {str(killmail.killmail_id): sorted(missing & entity_ids(killmail)) for killmail in killmails}
    return {killmail_id: ids for killmail_id, ids in found.items() if ids}


def _union(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset[int]().union(*sets)
