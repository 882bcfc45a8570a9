"""Finds battles and killmails by a text and filters: links and ids first, then what the text stands for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Generic
from uuid import UUID

from battlescope_schemas.search.documents import BattleDocument, KillmailDocument
from search_api.domain.engine import Links, SearchEngine
from search_api.domain.resolved_text import ResolvedText
from search_api.domain.search_text import RelatedKills, SearchText
from search_api.domain.searches import BattleSearch, Between, DocumentT, FoundPage, KillmailSearch, Page
from search_api.services.names import FoundNames, NameSearch

# A page of related kills shows an hour to both sides of the one that it names.
_AROUND_THE_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FoundDocuments(Generic[DocumentT]):
    """text, names: what was searched for, and what it stands for; None without a query, and of a link."""

    page: FoundPage[DocumentT]
    text: SearchText | None = None
    names: ResolvedText | None = None


class DocumentSearch:
    """Every method raises `TransientError` while the engine does not answer."""

    def __init__(self, engine: SearchEngine, names: NameSearch, links: Links, now: Callable[[], datetime]) -> None:
        self._engine, self._names, self._links, self._now = engine, names, links, now

    async def battles(
        self, search: BattleSearch, text: SearchText | None, known: FoundNames | None = None
    ) -> FoundDocuments[BattleDocument]:
        """The battles of a page; `known` are the names that fit the text, where they were asked for before."""
        if text is None:
            return FoundDocuments(await self._engine.battles(search))
        named = await self._battle_of(search, text)
        if named is not None:
            return FoundDocuments(await self._engine.battles(named), text)
        names = await self._names.resolve(text, known)
        return FoundDocuments(await self._engine.battles(replace(search, text=names.filter)), text, names)

    async def killmails(self, search: KillmailSearch, text: SearchText | None) -> FoundDocuments[KillmailDocument]:
        """The killmails of a page."""
        if text is None:
            return FoundDocuments(await self._engine.killmails(search))
        if text.killmail_id is not None:
            page = await self._engine.killmails(replace(search, killmail_ids=(text.killmail_id,)))
            if page.hits or text.is_link:
                return FoundDocuments(page, text)
        names = await self._names.resolve(text)
        return FoundDocuments(await self._engine.killmails(replace(search, text=names.filter)), text, names)

    async def _battle_of(self, search: BattleSearch, text: SearchText) -> BattleSearch | None:
        """The search for what a link or an id names; None for a text that names nothing so."""
        if text.battle_id is not None:
            return replace(search, battle_ids=(await self._links.surviving_battle(text.battle_id),))
        if text.share_token is not None:
            return replace(search, battle_ids=await self._shared(text.share_token))
        if text.related is not None:
            return _around(search, text.related)
        if text.killmail_id is None:
            return None
        page = await self._engine.killmails(KillmailSearch(killmail_ids=(text.killmail_id,), page=Page(1)))
        battle_ids = tuple(UUID(hit.document.battle_id) for hit in page.hits if hit.document.battle_id)
        return replace(search, battle_ids=battle_ids) if battle_ids or text.is_link else None

    async def _shared(self, token: str) -> tuple[UUID, ...]:
        """The battle of a link, if there is one that can be opened."""
        shared = await self._links.shared_battle(sha256(token.encode()).hexdigest(), self._now())
        return () if shared is None else (await self._links.surviving_battle(shared),)


def _around(search: BattleSearch, related: RelatedKills) -> BattleSearch:
    between = Between(related.hour - _AROUND_THE_HOUR, related.hour + 2 * _AROUND_THE_HOUR)
    return replace(search, system_ids=(related.system_id,), start_time=between)
