"""Finds names by the engine, or by what stands in for it, and ranks them."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from battlescope_events.errors import TransientError
from search_api.domain.engine import SearchEngine
from search_api.domain.named import EVERY_KIND, FEW, NamedHit, NamedKind, ranked, without_misspelled
from search_api.domain.resolved_text import ResolvedText, resolved
from search_api.domain.search_text import SearchText, read_search_text
from search_api.domain.searches import MAX_PARTS

MAX_NAMED: Final = 20
"""Names of a kind that a part of a text may stand for; a text that fits more is too short to mean one of them."""


@dataclass(frozen=True, slots=True)
class FoundNames:
    """hits: the best first, by kind. is_degraded: the database stood in for the engine."""

    hits: Mapping[NamedKind, list[NamedHit]] = field(default_factory=dict[NamedKind, list[NamedHit]])
    is_degraded: bool = False

    def of(self, kind: NamedKind, limit: int | None = None) -> list[NamedHit]:
        return self.hits.get(kind, [])[:limit]


class NameSearch:
    def __init__(
        self,
        engine: SearchEngine,
        stand_in: SearchEngine | None,
        now: Callable[[], datetime],
        regions: Callable[[], Awaitable[Sequence[tuple[int, str]]]],
    ) -> None:
        """`stand_in` answers while the engine does not; None where the engine is the database itself."""
        self._engine, self._stand_in, self._now, self._regions = engine, stand_in, now, regions

    async def find(self, text: SearchText, kinds: Collection[NamedKind], limit: int, enough: int = FEW) -> FoundNames:
        """The names that fit; misspelled ones unless `enough` fit as they are written.

        Raises:
            TransientError: neither the engine nor what stands in for it answers.
        """
        if not text.compact or text.is_link:
            return FoundNames()
        now = self._now()
        try:
            candidates, is_degraded = await self._engine.names(text, kinds, now, limit, enough), False
        except TransientError:
            if self._stand_in is None:
                raise
            candidates, is_degraded = await self._stand_in.names(text, kinds, now, limit, enough), True
        unique = {(document.kind, document.id): document for document in candidates}
        hits = ranked(text, unique.values(), now, limit)
        return FoundNames(without_misspelled(hits, enough), is_degraded)

    async def resolve(self, text: SearchText, known: FoundNames | None = None) -> ResolvedText:
        """What the text stands for, as a whole, else each of its words; `known` are the names that fit the whole.

        A misspelled name is meant only where none fits as it is written.

        Raises:
            TransientError: the engine does not answer.
        """
        whole = known or await self.find(text, EVERY_KIND, MAX_NAMED, 1)
        parts = [_all_of(whole)]
        words = text.typed.split()
        if not parts[0] and 1 < len(words) <= MAX_PARTS and not text.is_ticker and text.entity is None:
            parts = [_all_of(await self.find(read_search_text(word), EVERY_KIND, MAX_NAMED, 1)) for word in words]
        return resolved(text, parts if all(parts) else [], await self._regions())


def _all_of(found: FoundNames) -> list[NamedHit]:
    return [hit for hits in without_misspelled(found.hits, 1).values() for hit in hits]
