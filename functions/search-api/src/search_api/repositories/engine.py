"""The search engine that is PostgreSQL: the default, and what stands in for names while Typesense is away."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from battlescope_events.postgres.database import Database
from battlescope_schemas.search.documents import BattleDocument, KillmailDocument
from search_api.domain.edit_distance import tolerated_edits
from search_api.domain.named import NamedDocument, NamedKind
from search_api.domain.search_text import SearchText
from search_api.domain.searches import BattleSearch, FoundPage, KillmailSearch
from search_api.repositories.battles import BattleRepository
from search_api.repositories.killmails import KillmailRepository
from search_api.repositories.names import NameRepository, words_query

FEW: Final = 5
"""With fewer hits of a kind similar names are looked for, too: what was typed may be a misspelled other name."""


class PostgresEngine:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(
        self, text: SearchText, kinds: Collection[NamedKind], now: datetime, limit: int
    ) -> list[NamedDocument]:
        async with self._database.connection() as connection:
            return await _names(NameRepository(connection), text, kinds, now, limit)

    async def regions(self) -> Sequence[tuple[int, str]]:
        async with self._database.connection() as connection:
            return await NameRepository(connection).regions()

    async def battles(self, search: BattleSearch) -> FoundPage[BattleDocument]:
        async with self._database.connection() as connection:
            return await BattleRepository(connection).page(search)

    async def killmails(self, search: KillmailSearch) -> FoundPage[KillmailDocument]:
        async with self._database.connection() as connection:
            return await KillmailRepository(connection).page(search)

    async def ready(self) -> None:
        await self._database.ready()


async def _names(
    names: NameRepository, text: SearchText, kinds: Collection[NamedKind], now: datetime, limit: int
) -> list[NamedDocument]:
    """Each step asks only for kinds of which the steps before it, which find what ranks higher, found too few."""
    found = await names.beginning_with(text, kinds, now, limit)
    if text.is_ticker:
        return found
    lacking = _with_fewer(found, kinds, limit)
    if lacking and words_query(text.words):
        found += await names.with_words(text, lacking, now, limit)
    lacking = _with_fewer(found, kinds, min(FEW, limit))
    if lacking and tolerated_edits(text.compact):
        found += await names.beginning_nearly_with(text, lacking, now)
        lacking = _with_fewer(found, lacking, 1)
        if lacking:
            found += await names.similar_to(text, lacking, now)
    return found


def _with_fewer(found: Collection[NamedDocument], kinds: Collection[NamedKind], limit: int) -> list[NamedKind]:
    """The kinds with fewer different names than `limit`."""
    counts = Counter(kind for kind, _ in {(document.kind, document.id) for document in found})
    return [kind for kind in kinds if counts[kind] < limit]
