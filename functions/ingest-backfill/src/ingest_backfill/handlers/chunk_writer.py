"""Writes one part of a day as a chunk: archives, stores and publishes its new killmails in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_events.messages import Message
from battlescope_events.object_storage.objects import GZIP, ObjectStorage
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, preferred
from battlescope_schemas.reference import KillmailChunk
from battlescope_schemas.ruleset import Ruleset
from ingest_backfill.domain.chunk import PreparedChunk, prepare_chunk
from ingest_backfill.domain.killmail import BodyIdentity, SourceEntry, parse_entry
from ingest_backfill.errors import ConcurrentInsert
from ingest_backfill.persistence.days import Day
from ingest_backfill.persistence.unit_of_work import Database

SOURCE: Final = "ingest-backfill"
MAX_FAILURE_TEXTS: Final = 10  # further failures are only counted


@dataclass(frozen=True, slots=True)
class ReadCounts:
    """Killmails that one pass over a day has read, and the failures among them."""

    total: int = 0
    failed: int = 0
    failures: tuple[str, ...] = ()

    def plus(self, total: int, failures: Sequence[str]) -> "ReadCounts":
        texts = (*self.failures, *failures[: MAX_FAILURE_TEXTS - len(self.failures)])
        return ReadCounts(self.total + total, self.failed + len(failures), texts)


class ChunkWriter:
    """Writes the chunks of a day in order.

    already_read: killmails of the `expected` ones that earlier steps have read, and this one does not read again.
    """

    def __init__(
        self,
        day: Day,
        holder: UUID,
        rules: Ruleset,
        *,
        database: Database,
        storage: ObjectStorage,
        now: Callable[[], datetime],
        already_read: int,
        expected: int | None,
    ) -> None:
        self._day, self._holder, self._rules = day, holder, rules
        self._database, self._storage, self._now = database, storage, now
        self._already_read, self._expected = already_read, expected
        self._number = day.chunks
        self._ids_read: set[int] = set()  # of earlier parts: a repeated id counts once
        self.counts = ReadCounts()
        self.has_written = False

    async def write(self, entries: Sequence[SourceEntry]) -> None:
        killmails, failures = await asyncio.to_thread(_parse, entries, self._now())
        existing = await self._existing_ids([killmail.killmail_id for killmail in killmails])
        stored = (killmail for killmail in killmails if killmail.killmail_id in existing)
        other_bodies = await self._other_bodies([BodyIdentity(k.killmail_id, k.hash, k.killmail_time) for k in stored])
        failures += map(_other_body_failure, sorted(other_bodies))
        skipped_ids = self._ids_read | other_bodies  # once: a union for each killmail was half of this function's CPU
        killmails = [k for k in killmails if k.killmail_id not in skipped_ids]
        self._ids_read.update(killmail.killmail_id for killmail in killmails)
        self.counts = self.counts.plus(len(killmails) + len(failures), failures)
        await self._write_new(killmails, failed=None, decided_until=None)

    async def fetch_and_write(
        self, ids: Sequence[SourceEntry], fetch_body: Callable[[SourceEntry], Awaitable[SourceEntry]]
    ) -> None:
        """Fetch the bodies of new ids only. The outcome of every id is final: no later step requests it again."""
        existing = await self._existing_ids([int(entry.raw) for entry in ids])
        new_entries = [entry for entry in ids if int(entry.raw) not in existing]
        killmails, failures = _parse(await asyncio.gather(*map(fetch_body, new_entries)), self._now())
        identities = [BodyIdentity(int(entry.raw), entry.hash, None) for entry in ids if int(entry.raw) in existing]
        failures += map(_other_body_failure, sorted(await self._other_bodies(identities)))
        self.counts = self.counts.plus(len(ids), failures)
        last_id = max(int(entry.raw) for entry in ids)
        await self._write_new(killmails, failed=self._day.failed + self.counts.failed, decided_until=last_id)

    async def _write_new(
        self, killmails: Sequence[ArchivedKillmail], *, failed: int | None, decided_until: int | None
    ) -> None:
        while True:
            existing = await self._existing_ids([killmail.killmail_id for killmail in killmails])
            new = [killmail for killmail in killmails if killmail.killmail_id not in existing]
            if not new and decided_until is None:
                return
            chunk = await asyncio.to_thread(self._prepare, new)
            await self._store_objects(chunk)
            try:
                await self._commit(chunk, failed, decided_until)
            except ConcurrentInsert:
                continue
            self._number += bool(chunk.accepted)
            self.has_written = True
            return

    async def _existing_ids(self, ids: Sequence[int]) -> set[int]:
        async with self._database.unit_of_work() as uow:
            return await uow.days.existing_ids(ids)

    async def _other_bodies(self, bodies: Sequence[BodyIdentity]) -> set[int]:
        if not bodies:
            return set()
        async with self._database.unit_of_work() as uow:
            return await uow.days.other_bodies(bodies)

    def _prepare(self, killmails: Sequence[ArchivedKillmail]) -> PreparedChunk:
        return prepare_chunk(self._day.job_id, self._day.day, self._number, killmails, self._rules)

    async def _store_objects(self, chunk: PreparedChunk) -> None:
        """Before the transaction: a crash in between leaves an unreferenced object, never a missing one."""
        objects = {chunk.bundle.object_key: chunk.bundle.body} if chunk.bundle else {}
        if chunk.accepted:
            objects[chunk.chunk_key] = chunk.body
        await asyncio.gather(*(self._storage.put_once(key, body, GZIP) for key, body in objects.items()))

    async def _commit(self, chunk: PreparedChunk, failed: int | None, decided_until: int | None) -> None:
        async with self._database.unit_of_work() as uow:
            leased_day = uow.leased_day(self._day, self._holder)
            read = self._already_read + self.counts.total
            await leased_day.add_counts(
                chunk, failed=failed, decided_until=decided_until, read=read, expected=self._expected
            )
            await leased_day.insert_killmails(chunk)
            if chunk.accepted:
                await uow.enqueue([self._ingested_event(chunk)])

    def _ingested_event(self, chunk: PreparedChunk) -> Message:
        payload = KillmailChunk(
            chunk_key=chunk.chunk_key,
            count=len(chunk.accepted),
            date=self._day.day,
            job_id=self._day.job_id,
            starts_at=min(filtered.killmail.killmail_time for filtered in chunk.accepted),
        )
        return KILLMAIL_INGESTED.message(payload, source=SOURCE, key=chunk.chunk_key, time=self._now())


def _other_body_failure(killmail_id: int) -> str:
    return f"The killmail {killmail_id} is stored with another body, which counts."


def _parse(entries: Sequence[SourceEntry], now: datetime) -> tuple[list[ArchivedKillmail], list[str]]:
    """Each killmail once, and a sentence for every entry that is not a valid killmail."""
    killmails: dict[int, ArchivedKillmail] = {}
    failures: list[str] = []
    for entry in entries:
        try:
            killmail = parse_entry(entry, now)
        except InvalidKillmail as error:
            failures.append(str(error))
            continue
        other = killmails.setdefault(killmail.killmail_id, killmail)
        killmails[killmail.killmail_id] = preferred(killmail, other)
        if killmail.hash != other.hash:
            failures.append(f"The source has killmail {killmail.killmail_id} with two bodies.")
    return list(killmails.values()), failures
