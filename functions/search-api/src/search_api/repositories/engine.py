"""The search engine that is PostgreSQL: the default, and what stands in for names while Typesense is away."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from battlescope_events.postgres.database import Database
from battlescope_schemas.search.documents import BattleDocument, KillmailDocument
from search_api.domain.edit_distance import tolerated_edits
from search_api.domain.named import FEW, NamedDocument, NamedKind
from search_api.domain.search_text import SearchText
from search_api.domain.searches import BattleSearch, FoundPage, KillmailSearch
from search_api.repositories.battles import BattleRepository
from search_api.repositories.killmails import KillmailRepository
from search_api.repositories.names import NameRepository, words_query


class PostgresEngine:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(
        self, text: SearchText, kinds: Collection[NamedKind], now: datetime, limit: int, enough: int
    ) -> list[NamedDocument]:
        async with self._database.connection() as connection:
            return await _names(NameRepository(connection), text, kinds, now, limit=limit, enough=enough)

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
    names: NameRepository, text: SearchText, kinds: Collection[NamedKind], now: datetime, *, limit: int, enough: int
) -> list[NamedDocument]:
    """Each step asks only for kinds of which the steps before it, which find what ranks higher, found too few."""
    if text.entity is not None:
        return await names.of_link(text.entity, kinds)
    found = await names.beginning_with(text, kinds, now, limit)
    if text.is_ticker:
        return found
    lacking = _with_fewer(found, kinds, limit)
    if lacking and words_query(text.words):
        found += await names.with_words(text, lacking, now, limit)
    lacking = _with_fewer(found, kinds, min(FEW, limit))
    if not lacking or len(_different(found)) >= enough or not tolerated_edits(text.compact):
        return found
    found += await names.beginning_nearly_with(text, lacking, now)
    return found or await names.similar_to(text, kinds, now)


def _different(found: Collection[NamedDocument]) -> set[tuple[NamedKind, int]]:
    return {(document.kind, document.id) for document in found}


def _with_fewer(found: Collection[NamedDocument], kinds: Collection[NamedKind], limit: int) -> list[NamedKind]:
    """The kinds with fewer different names than `limit`."""
    counts = Counter(kind for kind, _ in _different(found))
    return [kind for kind in kinds if counts[kind] < limit]
