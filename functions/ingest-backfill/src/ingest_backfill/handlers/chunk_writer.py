"""One part of a day becomes one chunk: what is new in it is archived, filed and told at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_events.messages import Message
from battlescope_schemas.reference import KillmailChunk
from ingest_backfill.domain.chunk import PreparedChunk, prepare_chunk
from ingest_backfill.domain.killmail import SourceEntry, BackfilledKillmail, UnusableKillmail, parse_killmail
from ingest_backfill.domain.ruleset import Ruleset
from ingest_backfill.errors import ConcurrentInsert
from ingest_backfill.persistence.object_storage import ObjectStorage
from ingest_backfill.persistence.days import Day, DayRepository

SOURCE: Final = "ingest-backfill"
MOST_FAILURES: Final = 10  # sentences; the rest is a number


@dataclass(frozen=True, slots=True)
class Counted:
    """What one reading of a day met."""

    total: int = 0
    failed: int = 0
    failures: tuple[str, ...] = ()

    def plus(self, total: int, failures: Sequence[str]) -> "Counted":
        kept = (*self.failures, *failures[: MOST_FAILURES - len(self.failures)])
        return Counted(self.total + total, self.failed + len(failures), kept)


class ChunkWriter:
    """The chunks of a day, in order. `already` of `expected` mails were read before, and are not read again."""

    def __init__(
        self,
        day: Day,
        holder: UUID,
        rules: Ruleset,
        *,
        days: DayRepository,
        archive: ObjectStorage,
        now: Callable[[], datetime],
        already: int,
        expected: int | None,
    ) -> None:
        self._day, self._holder, self._rules = day, holder, rules
        self._days, self._archive, self._now = days, archive, now
        self._already, self._expected = already, expected
        self._number = day.chunks
        self._earlier: set[int] = set()  # read in parts before this one: an id that comes twice counts once
        self.counted = Counted()
        self.progressed = False

    async def file(self, entries: Sequence[SourceEntry]) -> None:
        mails, failures = await asyncio.to_thread(_read, entries)
        mails = [mail for mail in mails if mail.killmail_id not in self._earlier]
        self._earlier.update(mail.killmail_id for mail in mails)
        self.counted = self.counted.plus(len(mails) + len(failures), failures)
        await self._file(mails, failed=None, decided_until=None)

    async def file_fetched(self, ids: Sequence[SourceEntry], complete: Callable[[SourceEntry], Awaitable[SourceEntry]]) -> None:
        """Entries that have only an id: those that nobody knows are fetched. What comes of each is decided for good."""
        known = await self._days.existing_ids([int(entry.raw) for entry in ids])
        wanted = [entry for entry in ids if int(entry.raw) not in known]
        mails, failures = _read(await asyncio.gather(*map(complete, wanted)))
        self.counted = self.counted.plus(len(ids), failures)
        until = max(int(entry.raw) for entry in ids)
        await self._file(mails, failed=self._day.failed + self.counted.failed, decided_until=until)

    async def _file(self, mails: Sequence[BackfilledKillmail], *, failed: int | None, decided_until: int | None) -> None:
        while True:
            known = await self._days.existing_ids([mail.killmail_id for mail in mails])
            new = [mail for mail in mails if mail.killmail_id not in known]
            if not new and decided_until is None:
                return
            made = await asyncio.to_thread(self._filing, new)
            await self._store(made)
            try:
                await self._commit(made, failed, decided_until)
            except ConcurrentInsert:
                continue
            self._number += bool(made.accepted)
            self.progressed = True
            return

    def _filing(self, mails: Sequence[BackfilledKillmail]) -> PreparedChunk:
        return prepare_chunk(self._day.job_id, self._day.day, self._number, mails, self._rules)

    async def _store(self, made: PreparedChunk) -> None:
        """Before the transaction: a death between leaves an object that nobody names, never a name of nothing."""
        objects = {made.bundle.object_key: made.bundle.body} if made.bundle else {}
        if made.accepted:
            objects[made.chunk_key] = made.body
        await asyncio.gather(*(self._archive.put_if_absent(key, body) for key, body in objects.items()))

    async def _commit(self, made: PreparedChunk, failed: int | None, decided_until: int | None) -> None:
        async with self._days.transaction(self._day, self._holder) as tx:
            read = self._already + self.counted.total
            await tx.add_counts(made, failed=failed, decided_until=decided_until, read=read, expected=self._expected)
            await tx.insert_killmails(made)
            if made.accepted:
                await tx.enqueue([self._told(made)])

    def _told(self, made: PreparedChunk) -> Message:
        chunk = KillmailChunk(
            chunk_key=made.chunk_key, count=len(made.accepted), date=self._day.day, job_id=self._day.job_id
        )
        return KILLMAIL_INGESTED.message(chunk, source=SOURCE, key=made.chunk_key, time=self._now())


def _read(entries: Sequence[SourceEntry]) -> tuple[list[BackfilledKillmail], list[str]]:
    """Each mail once, and a sentence for each that is none."""
    mails: dict[int, BackfilledKillmail] = {}
    failures: list[str] = []
    for entry in entries:
        try:
            mail = parse_killmail(entry, None if entry.failure else orjson.loads(entry.raw))
        except orjson.JSONDecodeError as error:
            failures.append(f"A text is not JSON: {error}.")
        except UnusableKillmail as misfit:
            failures.append(str(misfit))
        else:
            mails[mail.killmail_id] = mail
    return list(mails.values()), failures
