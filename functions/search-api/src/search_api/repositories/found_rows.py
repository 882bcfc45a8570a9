"""What statements of a search have in common: filters that are in use, and rows of hits and counts in one result.

Hits come first, in their order; then the counts, the most frequent value first.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

from search_api.domain.named import NamedKind
from search_api.domain.searches import Facets, FacetValue, NamedPart, TextFilter


class FoundRow(NamedTuple):
    """A hit, or how many matching documents have a value of a facet; of the facet `total` how many there are.

    place: of a hit. document: as JSON. names: of the hit, the places in what the text may stand for, counted from 1.
    hits: with the value.
    """

    place: int | None
    document: str | None
    relevance: float | None
    names: list[int] | None
    facet: str | None
    value: str | None
    name: str | None
    hits: int | None


def conditions(
    filters: Mapping[str, LiteralString], params: Mapping[str, Any], before: LiteralString = "WHERE "
) -> LiteralString:
    """The conditions of the filters that have a value, after `before`; empty where none has.

    Planning a filter costs about as much as using it, so that those without a value are left out.
    """
    used: list[LiteralString] = [condition for name, condition in filters.items() if params[name] is not None]
    return before + " AND ".join(used) if used else ""


def matched_parts(row: FoundRow, text: TextFilter | None) -> list[NamedPart]:
    """What the hit has of the names that the text may stand for."""
    return [text.named[place - 1] for place in row.names or ()] if text else []


def names_of(parts: Iterable[NamedPart]) -> frozenset[tuple[NamedKind, int]]:
    return frozenset((part.kind, part.id) for part in parts)


def total_of(rows: Sequence[FoundRow]) -> int:
    return next((row.hits or 0 for row in rows if row.facet == "total"), 0)


def facets_of(
    rows: Sequence[FoundRow], names: Sequence[str], buckets: Mapping[str, Sequence[str]] | None = None
) -> Facets:
    """The values of each facet, the most frequent first; numbers of buckets become their names, counted from 1."""
    facets: dict[str, list[FacetValue]] = {name: [] for name in names}
    for row in rows:
        named = (buckets or {}).get(row.facet or "")
        if row.facet not in facets or row.value is None or (named and row.value == "0"):
            continue
        value = named[int(row.value) - 1] if named else row.value
        facets[row.facet].append(FacetValue(value, row.hits or 0, row.name if row.facet == "region" else None))
    return facets
