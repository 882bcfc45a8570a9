"""What can be found by name: pilots, their organisations, systems and ships, each with its battles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from search_api.domain.name_match import Match, MatchKind, match
from search_api.domain.search_text import SearchText

FEW: Final = 5
"""With fewer names that fit, of all kinds together, misspelled ones are shown, too: another name may be meant."""
_SCORE_OF_A_BATTLE: Final = 10
_RECENT_DAYS: Final = 100


class NamedKind(StrEnum):
    """What a name belongs to; the values are those of the index."""

    ALLIANCE = "alliance"
    CORPORATION = "corporation"
    CHARACTER = "character"
    SYSTEM = "system"
    SHIP_TYPE = "ship_type"


ENTITY_KINDS: Final = (NamedKind.ALLIANCE, NamedKind.CORPORATION, NamedKind.CHARACTER)
EVERY_KIND: Final = tuple(NamedKind)


class NamedDocument(NamedTuple):
    """A name as the index has it. Fields that its kind does not have are None.

    battle_count, last_seen_at: of battles in which it was; of a system those in it.
    """

    kind: NamedKind
    id: int
    name: str
    battle_count: int
    last_seen_at: datetime | None
    ticker: str | None = None
    corporation_id: int | None = None
    corporation_name: str | None = None
    alliance_id: int | None = None
    alliance_name: str | None = None
    constellation_id: int | None = None
    constellation_name: str | None = None
    region_id: int | None = None
    region_name: str | None = None
    security_type: SecurityType | None = None
    security_status: float | None = None
    system_class: int | None = None
    system_effect: str | None = None
    group_id: int | None = None
    group_name: str | None = None
    hull_class: HullClass | None = None


@dataclass(frozen=True, slots=True)
class NamedHit:
    document: NamedDocument
    match: Match


def ranked(
    text: SearchText, documents: Iterable[NamedDocument], now: datetime, limit: int
) -> dict[NamedKind, list[NamedHit]]:
    """The hits by kind, at most `limit` of each: by the match, then by activity and recency."""
    hits: dict[NamedKind, list[NamedHit]] = {}
    for document in documents:
        found = match(text, document.name, document.ticker)
        if found is not None:
            hits.setdefault(document.kind, []).append(NamedHit(document, found))
    return {kind: sorted(of_kind, key=lambda hit: _rank(hit, now))[:limit] for kind, of_kind in hits.items()}


def without_misspelled(hits: Mapping[NamedKind, list[NamedHit]], enough: int) -> Mapping[NamedKind, list[NamedHit]]:
    """Only the names that fit without an edit, if there are `enough` of them, of all kinds together."""
    fitting = {kind: [hit for hit in of_kind if hit.match.kind is not MatchKind.TYPO] for kind, of_kind in hits.items()}
    return fitting if sum(map(len, fitting.values())) >= enough else hits


def best_first(hits: Sequence[NamedHit], now: datetime) -> list[NamedHit]:
    """Hits of any kinds in one order."""
    return sorted(hits, key=lambda hit: _rank(hit, now))


def _rank(hit: NamedHit, now: datetime) -> tuple[tuple[int, int, int], float, str, int]:
    document = hit.document
    return hit.match.rank, -activity_score(document, now), document.name, document.id


def activity_score(document: NamedDocument, now: datetime) -> float:
    """Ten points a battle, and up to 100 for how recently it was seen: one less each day."""
    if document.last_seen_at is None:
        return document.battle_count * _SCORE_OF_A_BATTLE
    days = (now - document.last_seen_at).total_seconds() / 86_400
    return document.battle_count * _SCORE_OF_A_BATTLE + max(0.0, min(_RECENT_DAYS, _RECENT_DAYS - days))
