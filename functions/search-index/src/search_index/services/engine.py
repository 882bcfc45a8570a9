"""The port to the search engine that has copies of the documents."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from typing import Final, Protocol

from battlescope_schemas.search.documents import Collection, Document

COLLECTION_OF: Final = {
    "battle": Collection.BATTLES,
    "killmail": Collection.KILLMAILS,
    "character": Collection.CHARACTERS,
    "corporation": Collection.CORPORATIONS,
    "alliance": Collection.ALLIANCES,
    "system": Collection.SYSTEMS,
    "ship_type": Collection.SHIP_TYPES,
}
"""By the document types of the queues."""


class SearchEngine(Protocol):
    """Writes are idempotent. Every method raises `TransientError` while the engine does not answer.

    rebuild: the id of a rebuild that is running; what is written goes to its new collections too, which become the
    ones that are searched by `publish`.
    """

    @property
    def has_copy(self) -> bool:
        """Whether there are copies to be written; PostgreSQL itself searches the rows."""
        ...

    async def write(self, collection: Collection, documents: Sequence[Document], *, rebuild: str | None) -> bool:
        """Whether the engine had no such collection: it is new, or has lost everything, and needs a rebuild."""
        ...

    async def delete(self, collection: Collection, ids: Ids[str], *, rebuild: str | None) -> None: ...

    async def begin_rebuild(self, rebuild: str) -> None:
        """Create empty collections beside those that are searched."""
        ...

    async def write_rebuilt(self, collection: Collection, documents: Sequence[Document], *, rebuild: str) -> None:
        """Write to the new collection alone."""
        ...

    async def publish(self, rebuild: str) -> None:
        """Search the new collections from now on, and drop the old ones."""
        ...

    async def discard(self, rebuild: str) -> None:
        """Drop the new collections of a rebuild that was cancelled."""
        ...


class PostgresEngine:
    """PostgreSQL searches the rows themselves: there is nothing to copy, and a rebuild rewrites rows that differ."""

    @property
    def has_copy(self) -> bool:
        return False

    async def write(self, collection: Collection, documents: Sequence[Document], *, rebuild: str | None) -> bool:  # noqa: ARG002  # the port's
        return False

    async def delete(self, collection: Collection, ids: Ids[str], *, rebuild: str | None) -> None: ...

    async def begin_rebuild(self, rebuild: str) -> None: ...

    async def write_rebuilt(self, collection: Collection, documents: Sequence[Document], *, rebuild: str) -> None: ...

    async def publish(self, rebuild: str) -> None: ...

    async def discard(self, rebuild: str) -> None: ...
