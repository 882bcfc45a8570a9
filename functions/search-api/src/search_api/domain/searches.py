"""Searches for battles and killmails, as both engines take them: typed filters, an order and a page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Generic, TypeVar
from uuid import UUID

from search_api.domain.named import NamedKind

MAX_TOTAL: Final = 10_000
"""Totals are counted up to here: an exact count of everything would cost more than the page."""
MAX_PARTS: Final = 6
"""Words of a text that are looked for one by one."""
ValueT = TypeVar("ValueT", datetime, Decimal, int)
DocumentT = TypeVar("DocumentT")


class BattleOrder(StrEnum):
    RELEVANCE = "relevance"
    START_TIME = "startTime"
    TOTAL_ISK_DESTROYED = "totalIskDestroyed"
    TOTAL_KILLS = "totalKills"
    BATTLE_SCORE = "battleScore"


class KillmailOrder(StrEnum):
    TIME = "timestamp"
    VALUE = "iskValue"


class Direction(StrEnum):
    DESC = "desc"
    ASC = "asc"


@dataclass(frozen=True)  # without slots, in which a generic frozen class cannot be made by its parametrised name
class Between(Generic[ValueT]):
    """Both ends are included; None where there is no end."""

    least: ValueT | None = None
    most: ValueT | None = None


@dataclass(frozen=True, slots=True)
class NamedPart:
    """What a part of the search text may stand for; a document must have one of them for every part.

    weight: how much a match counts towards the relevance.
    """

    kind: NamedKind
    id: int
    part: int
    weight: int


@dataclass(frozen=True, slots=True)
class TextFilter:
    """A document fits by ids, one of each part, or by its region, or by its words, all of them.

    parts: the number of parts of the text, `MAX_PARTS` at most.
    """

    named: tuple[NamedPart, ...] = ()
    parts: int = 0
    region_ids: tuple[int, ...] = ()
    words: tuple[str, ...] = ()

    def of_part(self, number: int) -> Iterator[NamedPart]:
        return (named for named in self.named if named.part == number)

    def relevance(self, matched: Iterable[NamedPart]) -> float:
        """The best weight of each part together; 1 for what fits only by its region or words."""
        best: dict[int, int] = {}
        for named in matched:
            best[named.part] = max(best.get(named.part, 0), named.weight)
        return float(sum(best.values()) or 1)


@dataclass(frozen=True, slots=True)
class Page:
    limit: int = 20
    offset: int = 0


@dataclass(frozen=True, slots=True)
class BattleSearch:
    """Values of one filter are alternatives, different filters must all match.

    text, battle_ids: None for all battles.
    """

    text: TextFilter | None = None
    battle_ids: tuple[UUID, ...] | None = None
    security_types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    system_ids: tuple[int, ...] = ()
    region_ids: tuple[int, ...] = ()
    alliance_ids: tuple[int, ...] = ()
    corporation_ids: tuple[int, ...] = ()
    character_ids: tuple[int, ...] = ()
    start_time: Between[datetime] = field(default_factory=Between[datetime])
    kills: Between[int] = field(default_factory=Between[int])
    participants: Between[int] = field(default_factory=Between[int])
    isk: Between[Decimal] = field(default_factory=Between[Decimal])
    duration: Between[int] = field(default_factory=Between[int])
    order: BattleOrder = BattleOrder.START_TIME
    direction: Direction = Direction.DESC
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, slots=True)
class KillmailSearch:
    """As `BattleSearch`, of killmails. Ids without `attacker` in their name are those of the victim."""

    text: TextFilter | None = None
    killmail_ids: tuple[int, ...] | None = None
    security_types: tuple[str, ...] = ()
    hull_classes: tuple[str, ...] = ()
    system_ids: tuple[int, ...] = ()
    region_ids: tuple[int, ...] = ()
    ship_type_ids: tuple[int, ...] = ()
    alliance_ids: tuple[int, ...] = ()
    corporation_ids: tuple[int, ...] = ()
    character_ids: tuple[int, ...] = ()
    attacker_alliance_ids: tuple[int, ...] = ()
    attacker_corporation_ids: tuple[int, ...] = ()
    attacker_character_ids: tuple[int, ...] = ()
    time: Between[datetime] = field(default_factory=Between[datetime])
    isk: Between[Decimal] = field(default_factory=Between[Decimal])
    attackers: Between[int] = field(default_factory=Between[int])
    order: KillmailOrder = KillmailOrder.TIME
    direction: Direction = Direction.DESC
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet and the number of hits that have it. name: of an id."""

    value: str
    count: int
    name: str | None = None


Facets = Mapping[str, Sequence[FacetValue]]


@dataclass(frozen=True, slots=True)
class FoundDocument(Generic[DocumentT]):
    """matched: what it has of the names that the text may stand for."""

    document: DocumentT
    relevance: float = 0.0
    matched: frozenset[tuple[NamedKind, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundPage(Generic[DocumentT]):
    """hits: of this page. total: of all hits, at most `MAX_TOTAL`."""

    hits: Sequence[FoundDocument[DocumentT]]
    total: int
    facets: Facets


SIZES: Final[Mapping[str, tuple[int, int | None]]] = {
    "2-9": (2, 10),
    "10-49": (10, 50),
    "50-199": (50, 200),
    "200-999": (200, 1000),
    "1000+": (1000, None),
}
"""Ranges of participants that the facet `size` counts: the first number is included, the last one is not."""
