"""The ports of search: links, and an engine. Ranking, highlights and rights are the same whichever engine answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from battlescope_schemas.search.documents import BattleDocument, KillmailDocument
from search_api.domain.named import NamedDocument, NamedKind
from search_api.domain.search_text import SearchText
from search_api.domain.searches import BattleSearch, FoundPage, KillmailSearch


class Links(Protocol):
    """What links lead to. Every method raises `TransientError` while the database does not answer."""

    async def shared_battle(self, token_digest: str, now: datetime) -> UUID | None:
        """The battle of a link that is neither revoked nor expired."""
        ...

    async def surviving_battle(self, battle_id: UUID) -> UUID:
        """The battle itself, or the one that it was merged into."""
        ...


class SearchEngine(Protocol):
    """Every method raises `TransientError` while the engine does not answer."""

    async def names(
        self, text: SearchText, kinds: Collection[NamedKind], now: datetime, limit: int, enough: int
    ) -> list[NamedDocument]:
        """Candidates of each kind, among them the `limit` best; some may not match, and one may be there twice.

        With `enough` of all kinds together that fit without an edit there may be no others.
        """
        ...

    async def regions(self) -> Sequence[tuple[int, str]]:
        """The ids and names of all regions with a known system."""
        ...

    async def battles(self, search: BattleSearch) -> FoundPage[BattleDocument]: ...

    async def killmails(self, search: KillmailSearch) -> FoundPage[KillmailDocument]: ...

    async def ready(self) -> None: ...
