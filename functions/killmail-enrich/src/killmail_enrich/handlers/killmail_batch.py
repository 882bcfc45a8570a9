"""A chunk of references becomes a chunk of enriched mails: the same rules as for single mails, in slices.

A slice costs a request a pack, one look at the static data, one at the names, and one COPY. Few are under way at
once, so that memory stays flat however long a chunk is, and between a few mails others get their turn.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple, TypeVar

from battlescope_events.messages import Message
from battlescope_events.publisher import Publish
from battlescope_schemas.killmail import Killmail, Zkb
from battlescope_schemas.reference import KillmailChunk
from killmail_enrich.enrichment import chunks
from killmail_enrich.enrichment.archived_killmail import body_of
from killmail_enrich.enrichment.claim_check import Reference, references
from killmail_enrich.enrichment.enrichment import type_ids
from killmail_enrich.enrichment.serialization import SerializedKillmail, draft
from killmail_enrich.errors import Unusable
from killmail_enrich.names.model import entity_ids
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.killmail_batches import BulkStore, Slice
from killmail_enrich.static_data.repository import StaticData

T = TypeVar("T")
SLICE: Final = 500  # mails: enough that statements and requests cost nothing each, 30 MB at most
_AT_ONCE: Final = 2  # chunks: while one waits for the database, another is worked
_TURN: Final = 50  # mails, after which single mails that wait get their turn


class _Found(NamedTuple):
    reference: Reference
    body: tuple[Killmail, Zkb]


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of a slice: the lines of its mails in the order of the references, and who was refused."""

    lines: Sequence[bytes]
    refusals: Sequence[Unusable]


@dataclass(frozen=True, slots=True)
class BatchEnricher:
    archive: Archive
    static: StaticData
    names: NameResolver
    store: BulkStore
    publish: Publish
    now: Callable[[], datetime]
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def enrich(self, chunk: KillmailChunk, message: Callable[[KillmailChunk, str, datetime], Message]) -> None:
        """All mails of a chunk; those that cannot be enriched do not hold up the others, and are named at the end.

        Raises:
            Unusable: the chunk is none, or mails of it were left out.
        """
        async with self.turns:
            writer, refusals = await self._written(chunk)
        if writer.count:
            enriched = chunks.enriched_of(chunk, writer.count)
            await self.archive.put_once(enriched.chunk_key, writer.finish())
            await self.publish([message(enriched, chunk.chunk_key, self.now())])
        if refusals:
            raise Unusable(f"{len(refusals)} of {chunk.count} mails of {chunk.chunk_key} were left out: {refusals[0]}")

    async def _written(self, chunk: KillmailChunk) -> tuple[chunks.Writer, list[Unusable]]:
        writer, refusals = chunks.Writer(), list[Unusable]()
        found = references(await self.archive.chunk(chunk.chunk_key))
        while part := list(islice(found, SLICE)):
            result = await self._slice(part)
            refusals += result.refusals
            writer.add(result.lines)
        return writer, refusals

    async def _slice(self, part: Sequence[Reference]) -> _Result:
        begun = self.now()
        bodies, refusals = await self._bodies(part)
        places, types = await self.static.look_up_all(
            {killmail.solar_system_id for _, (killmail, _) in bodies},
            frozenset[int]().union(*(type_ids(killmail) for _, (killmail, _) in bodies)),
        )
        named = await self.names.look_up(frozenset[int]().union(*(entity_ids(killmail) for _, (killmail, _) in bodies)))
        drafts: list[SerializedKillmail] = []
        async for reference, body in yielding_to_event_loop(bodies):
            place = places.get(body[0].solar_system_id)
            if place is None:
                refusals.append(self.static.lacks(body[0].solar_system_id))
            else:
                drafts.append(draft(reference, body, place, types, named))
        ended = self.now()
        duration = round((ended - begun).total_seconds() * 1000 / len(part))
        refused = await self.store.save(Slice(drafts, named.stale, ended, duration))
        lines = [one.line for one in drafts if one.killmail_id not in refused]
        return _Result(lines, [*refusals, *refused.values()])

    async def _bodies(self, part: Sequence[Reference]) -> tuple[list[_Found], list[Unusable]]:
        found, refusals = list[_Found](), list[Unusable]()
        raws = await self.archive.mails([reference.archive_key for reference in part])
        async for reference, raw in yielding_to_event_loop(list(zip(part, raws, strict=True))):
            try:
                found.append(_Found(reference, body_of(reference, _usable(raw))))
            except Unusable as refusal:
                refusals.append(refusal)
        return found, refusals


def _usable(raw: bytes | Unusable) -> bytes:
    if isinstance(raw, Unusable):
        raise raw
    return raw


async def yielding_to_event_loop(items: Iterable[T]) -> AsyncGenerator[T]:
    """One after the other, with a pause now and then in which others work."""
    for number, item in enumerate(items):
        if number % _TURN == 0:
            await asyncio.sleep(0)
        yield item
