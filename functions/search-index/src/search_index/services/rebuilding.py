"""Rebuilds all documents from killmails, battles and names, part by part: each part is one event and one transaction.

What is searched is never empty or half: PostgreSQL rewrites only rows that differ, and a search engine fills new
collections, to which changes are written too, until the aliases move to them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from battlescope_events.errors import PermanentError
from battlescope_events.postgres.database import Connection, Database
from battlescope_events.postgres.outbox import Outbox
from search_index.events import reindex_requested
from search_index.persistence.queues import Queues
from search_index.persistence.reindex_jobs import ReindexJob, ReindexJobRepository
from search_index.services.copying import documents_of
from search_index.services.engine import COLLECTION_OF, SearchEngine
from search_index.services.indexing import index

PART_SIZE: Final = {"battle": 100, "killmail": 1000}
OTHER_PART_SIZE: Final = 1000
"""Documents of a part, so that it takes a fraction of a second."""
STALLED_AFTER: Final = timedelta(minutes=3)
"""A part takes seconds, and its event is retried for half a minute."""
# Battles first: counts of what took part are computed from them.
_ORDER: Final = ("battle", "alliance", "corporation", "character", "system", "ship_type", "killmail")


class Rebuilder:
    def __init__(self, database: Database, outbox: Outbox, engine: SearchEngine, now: Callable[[], datetime]) -> None:
        self._database = database
        self._outbox = outbox
        self._engine = engine
        self._now = now

    async def request(self, job_id: str, requested_by: str) -> None:
        """Begin a rebuild, unless one has not ended yet."""
        now = self._now()
        async with self._database.transaction() as connection:
            if await ReindexJobRepository(connection).insert(job_id, requested_by, now):
                await self._outbox.enqueue(connection, [reindex_requested(job_id, 0, now)])

    async def request_stalled(self) -> None:
        """Request again the next part of a job whose event became a dead letter, such as while the engine was down."""
        now = self._now()
        async with self._database.transaction() as connection:
            stalled = await ReindexJobRepository(connection).stalled(now - STALLED_AFTER)
            await self._outbox.enqueue(connection, [reindex_requested(job.id, job.part, now) for job in stalled])

    async def process(self, job_id: str, part: int) -> None:
        """Process a part; one that was done before, or of an ended job, changes nothing.

        Raises:
            PermanentError: there is no such job.
            TransientError: the engine or the database does not answer; the part was not done.
        """
        now = self._now()
        async with self._database.transaction() as connection:
            await Queues(connection).lock_all()
            jobs = ReindexJobRepository(connection)
            job = await jobs.start(job_id, now)
            if job is None:
                raise PermanentError(f"There is no rebuild {job_id}.")
            if job.status == "cancelled":
                await self._engine.discard(job.id)
            if not job.is_next_part(part):
                return
            if part == 0:
                await jobs.count_documents(job, has_copy=self._engine.has_copy)
                await self._engine.begin_rebuild(job.id)
            document_type = self._document_type(job)
            if document_type is None:
                await self._engine.publish(job.id)
                await jobs.complete(job, now)
                return
            await self._process_documents(connection, job, document_type, now)
            await self._outbox.enqueue(connection, [reindex_requested(job.id, part + 1, now)])

    def _document_type(self, job: ReindexJob) -> str | None:
        """The type of the next documents; None after the last one."""
        types = [name for name in _ORDER if self._engine.has_copy or name != "killmail"]
        if job.position_type is None:
            return types[0]
        index = types.index(job.position_type) + (job.position_id is None)
        return types[index] if index < len(types) else None

    async def _process_documents(
        self, connection: Connection, job: ReindexJob, document_type: str, now: datetime
    ) -> None:
        jobs, limit = ReindexJobRepository(connection), PART_SIZE.get(document_type, OTHER_PART_SIZE)
        after = job.position_id if job.position_type == document_type else None
        ids = await jobs.next_ids(document_type, after, limit)
        if ids:
            await self._rebuild(connection, job, document_type, ids)
        # What is new since then is written by the changes themselves; there may always be another one.
        await jobs.advance(job, document_type, ids, now, is_last=len(ids) < limit)

    async def _rebuild(self, connection: Connection, job: ReindexJob, document_type: str, ids: Sequence[str]) -> None:
        has_copy = self._engine.has_copy
        if document_type == "battle":
            await index(connection, ids, has_copy=has_copy, is_whole=True)
        elif document_type != "killmail":
            await index(connection, [], [(document_type, int(entity_id)) for entity_id in ids], has_copy=has_copy)
        if has_copy:
            documents = await documents_of(connection, document_type, ids, self._now())
            await self._engine.write_rebuilt(COLLECTION_OF[document_type], documents, rebuild=job.id)
