"""What a search text stands for among the names that are known: ids to filter by, and names to show as matched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from search_api.domain.name_match import Match, MatchKind, match
from search_api.domain.named import NamedHit, NamedKind
from search_api.domain.search_text import SearchText
from search_api.domain.searches import NamedPart, TextFilter

# How much a match counts: where it was counts more than who was there, and a large party more than a pilot.
_WEIGHTS: Final[Mapping[NamedKind, int]] = {
    NamedKind.SYSTEM: 40,
    NamedKind.ALLIANCE: 30,
    NamedKind.CORPORATION: 20,
    NamedKind.CHARACTER: 10,
    NamedKind.SHIP_TYPE: 10,
}
_LESS_BY_KIND: Final[Mapping[MatchKind, int]] = {
    MatchKind.EXACT: 0,
    MatchKind.PREFIX: 2,
    MatchKind.WORD_PREFIX: 4,
    MatchKind.TYPO: 6,
}


class RegionHit(NamedTuple):
    id: int
    name: str
    match: Match


@dataclass(frozen=True, slots=True)
class ResolvedText:
    """filter: what battles or killmails are filtered by. names, regions: what its ids are called, by kind and id."""

    filter: TextFilter
    names: Mapping[tuple[NamedKind, int], NamedHit] = field(default_factory=dict[tuple[NamedKind, int], NamedHit])
    regions: Mapping[int, RegionHit] = field(default_factory=dict[int, RegionHit])


def resolved(text: SearchText, parts: Sequence[Iterable[NamedHit]], regions: Iterable[tuple[int, str]]) -> ResolvedText:
    """From the hits for each part of the text. A region is found by the beginning of its name, or of a word of it.

    A ticker is looked for among tickers alone, not among the words of a battle, and what a link names by its id alone.
    """
    hits = [(number, hit) for number, part in enumerate(parts) for hit in part]
    found = [RegionHit(region_id, name, fit) for region_id, name in regions if (fit := _region_match(text, name))]
    return ResolvedText(
        TextFilter(
            tuple(NamedPart(hit.document.kind, hit.document.id, number, _weight(hit)) for number, hit in hits),
            len(parts),
            tuple(region.id for region in found),
            () if text.is_ticker or text.entity else text.words,
        ),
        {(hit.document.kind, hit.document.id): hit for _, hit in hits},
        {region.id: region for region in found},
    )


def _region_match(text: SearchText, name: str) -> Match | None:
    found = None if text.is_ticker or text.entity else match(text, name, None)
    return found if found and (found.kind is not MatchKind.TYPO or found.is_whole) else None


def _weight(hit: NamedHit) -> int:
    return _WEIGHTS[hit.document.kind] - _LESS_BY_KIND[hit.match.kind] - hit.match.edits
