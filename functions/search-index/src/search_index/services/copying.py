"""Copies documents that changed into the search engine. While it does not answer they stay queued, and nothing is lost.

Only one process copies at a time, and reads a document after the one before it was written: no older document is ever
written over a newer one.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from battlescope_events.postgres.database import Connection, Database
from battlescope_schemas.search.documents import BattleDocument, Document
from search_index.domain.battle_document import completed
from search_index.persistence.battle_documents import find
from search_index.persistence.participations import entity_ids
from search_index.persistence.queues import Queued, Queues
from search_index.persistence.reindex_jobs import ReindexJobRepository
from search_index.persistence.searchable import SearchableDocuments
from search_index.services.engine import COLLECTION_OF, SearchEngine
from search_index.services.indexing import BATCH


class Copier:
    def __init__(
        self,
        database: Database,
        engine: SearchEngine,
        now: Callable[[], datetime],
        request_rebuild: Callable[[], Awaitable[None]],
    ) -> None:
        """`request_rebuild`: called when the engine turns out to be new, or to have lost its collections."""
        self._database = database
        self._engine = engine
        self._now = now
        self._request_rebuild = request_rebuild

    async def copy_queued(self) -> None:
        """Copy until nothing waits. Raises `TransientError`."""
        if self._engine.has_copy:
            while await self._step() == BATCH:
                pass

    async def _step(self) -> int:
        is_new = False
        async with self._database.transaction() as connection:
            queues = Queues(connection)
            rows = await queues.take_engine(BATCH)
            if rows:
                rebuild = await ReindexJobRepository(connection).running_id()
                for document_type, ids in grouped(rows).items():
                    is_new |= await self._copy(connection, document_type, ids, rebuild)
                await queues.delete_engine(rows)
        if is_new:
            await self._request_rebuild()
        return len(rows)

    async def _copy(self, connection: Connection, document_type: str, ids: Sequence[str], rebuild: str | None) -> bool:
        collection = COLLECTION_OF[document_type]
        documents = await documents_of(connection, document_type, ids, self._now())
        is_new = await self._engine.write(collection, documents, rebuild=rebuild)
        gone = set(ids) - {document.id for document in documents}
        await self._engine.delete(collection, gone, rebuild=rebuild)
        return is_new


async def documents_of(connection: Connection, document_type: str, ids: Sequence[str], now: datetime) -> list[Document]:
    """The documents as a search engine copies them; what is not searchable (any more) has none."""
    if document_type != "battle":
        return await SearchableDocuments(connection, now).of_type(document_type, ids)
    ids_of = await entity_ids(connection, ids)
    return [
        completed(BattleDocument.model_validate(stored.document), ids_of[stored.battle_id], tuple(stored.words))
        for stored in await find(connection, ids)
    ]


def grouped(rows: Iterable[Queued]) -> dict[str, list[str]]:
    """The ids by document type, each once."""
    ids: dict[str, set[str]] = {}
    for row in rows:
        ids.setdefault(row.document_type, set()).add(row.document_id)
    return {document_type: sorted(ids[document_type]) for document_type in COLLECTION_OF if document_type in ids}
