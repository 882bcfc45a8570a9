"""The search engine that is Typesense. It finds candidates; which of them fit how well is decided by the domain."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from battlescope_schemas.search.documents import BattleDocument, KillmailDocument
from battlescope_schemas.search.documents import Collection as Documents
from search_api.clients.typesense_filters import (
    BATTLE_FIELDS,
    any_of,
    battle_filter,
    killmail_filter,
    relevance_order,
)
from search_api.domain.edit_distance import TYPO_LENGTHS
from search_api.domain.named import NamedDocument, NamedKind
from search_api.domain.search_text import SearchText
from search_api.domain.searches import (
    MAX_TOTAL,
    SIZES,
    BattleOrder,
    BattleSearch,
    Facets,
    FacetValue,
    FoundDocument,
    FoundPage,
    KillmailOrder,
    KillmailSearch,
    TextFilter,
)

MultiSearch = Callable[[Sequence[Mapping[str, Any]]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Sends searches at once, and returns their results; raises `TransientError` while the engine does not answer."""
MAX_CANDIDATES: Final = 60
MAX_REGIONS: Final = 250
FEW: Final = 5
_COLLECTIONS: Final[Mapping[NamedKind, Documents]] = {
    NamedKind.ALLIANCE: Documents.ALLIANCES,
    NamedKind.CORPORATION: Documents.CORPORATIONS,
    NamedKind.CHARACTER: Documents.CHARACTERS,
    NamedKind.SYSTEM: Documents.SYSTEMS,
    NamedKind.SHIP_TYPE: Documents.SHIP_TYPES,
}
_WITH_TICKERS: Final = frozenset({NamedKind.ALLIANCE, NamedKind.CORPORATION})
_ORDERS: Final[Mapping[BattleOrder | KillmailOrder, str]] = {
    BattleOrder.START_TIME: "startTime",
    BattleOrder.TOTAL_ISK_DESTROYED: "totalIskDestroyed",
    BattleOrder.TOTAL_KILLS: "totalKills",
    BattleOrder.BATTLE_SCORE: "battleScore",
    KillmailOrder.TIME: "killmailTime",
    KillmailOrder.VALUE: "value",
}
_BY_SIZE: Final = "totalParticipants"
_FACETS: Final[Mapping[str, str]] = {"regionId": "region", _BY_SIZE: "size"}
# One system of each region.
_REGIONS: Final[Mapping[str, Any]] = {
    "collection": str(Documents.SYSTEMS),
    "q": "*",
    "group_by": "regionId",
    "group_limit": 1,
    "per_page": MAX_REGIONS,
    "include_fields": "regionId,regionName",
}
_IDS: Final = ("corporation_id", "alliance_id", "constellation_id", "region_id", "group_id")
_NAMED_FIELDS: Final = {
    "name": "name",
    "ticker": "ticker",
    "corporation_id": "corpId",
    "corporation_name": "corpName",
    "alliance_id": "allianceId",
    "alliance_name": "allianceName",
    "constellation_id": "constellationId",
    "constellation_name": "constellationName",
    "region_id": "regionId",
    "region_name": "regionName",
    "security_type": "securityType",
    "security_status": "securityStatus",
    "system_class": "systemClass",
    "system_effect": "systemEffect",
    "group_id": "groupId",
    "group_name": "groupName",
    "hull_class": "hullClass",
}
DocumentT = TypeVar("DocumentT", BattleDocument, KillmailDocument)


class TypesenseEngine:
    def __init__(self, multi_search: MultiSearch, ready: Callable[[], Awaitable[None]]) -> None:
        self._multi_search, self._ready = multi_search, ready

    async def names(
        self,
        text: SearchText,
        kinds: Collection[NamedKind],
        now: datetime,  # noqa: ARG002  # the port's signature
        limit: int,
        enough: int,  # noqa: ARG002  # Typesense looks for misspelled names in the same request
    ) -> list[NamedDocument]:
        searches = [(kind, search) for kind in kinds for search in _name_searches(text, kind, limit)]
        if not searches:
            return []
        results = await self._multi_search([search for _, search in searches])
        return [
            _named(kind, hit["document"])
            for (kind, _), result in zip(searches, results, strict=True)
            for hit in result["hits"]
        ]

    async def regions(self) -> Sequence[tuple[int, str]]:
        (result,) = await self._multi_search([_REGIONS])
        return _regions(result)

    async def battles(self, search: BattleSearch) -> FoundPage[BattleDocument]:
        sizes = ",".join(f"{name}:[{low},{'' if high is None else high}]" for name, (low, high) in SIZES.items())
        is_by_relevance = search.order is BattleOrder.RELEVANCE
        relevance = relevance_order(search.text, BATTLE_FIELDS, search.direction) if is_by_relevance else ""
        order = f"{_ORDERS.get(search.order, 'startTime')}:{search.direction}"
        query = {
            "collection": str(Documents.BATTLES),
            "q": "*",
            "filter_by": battle_filter(search),
            "sort_by": ",".join(filter(None, (relevance, order))),
            "facet_by": f"securityType,status,tier,regionId,{_BY_SIZE}({sizes})",
            "max_facet_values": MAX_REGIONS,
            "exclude_fields": "words",
            "limit": search.page.limit,
            "offset": search.page.offset,
        }
        result, regions = await self._multi_search([query, _REGIONS])
        documents = [BattleDocument.model_validate(hit["document"]) for hit in result["hits"]]
        hits = [_found(document, _battle_ids(document), search.text) for document in documents]
        return FoundPage(hits, _total(result), _facets(result, regions))

    async def killmails(self, search: KillmailSearch) -> FoundPage[KillmailDocument]:
        query = {
            "collection": str(Documents.KILLMAILS),
            "q": "*",
            "filter_by": killmail_filter(search),
            "sort_by": f"{_ORDERS[search.order]}:{search.direction}",
            "facet_by": "securityType,hullClass,regionId",
            "max_facet_values": MAX_REGIONS,
            "limit": search.page.limit,
            "offset": search.page.offset,
        }
        result, regions = await self._multi_search([query, _REGIONS])
        documents = [KillmailDocument.model_validate(hit["document"]) for hit in result["hits"]]
        hits = [_found(document, _killmail_ids(document), search.text) for document in documents]
        return FoundPage(hits, _total(result), _facets(result, regions))

    async def ready(self) -> None:
        await self._ready()


def _name_searches(text: SearchText, kind: NamedKind, limit: int) -> list[dict[str, Any]]:
    """The searches for candidates of a kind: by the whole name, by its words, and by the ticker, or by a link."""
    if text.entity is not None:
        by_id = {"collection": str(_COLLECTIONS[kind]), "q": "*", "filter_by": any_of("id", [text.entity.id])}
        return [by_id] if text.entity.kind == kind else []
    one_typo, two_typos = TYPO_LENGTHS
    common = {
        "collection": str(_COLLECTIONS[kind]),
        "prefix": "true",
        "num_typos": "2",
        "min_len_1typo": one_typo,
        "min_len_2typo": two_typos,
        "typo_tokens_threshold": FEW,
        "drop_tokens_threshold": 0,
        "sort_by": "_text_match:desc,activityScore:desc",
        "per_page": max(limit, MAX_CANDIDATES),
    }
    by_ticker = {**common, "q": text.compact, "query_by": "compactTicker", "num_typos": "0"}
    of_ticker = [by_ticker] if kind in _WITH_TICKERS else []
    if text.is_ticker:
        return of_ticker
    return [
        {**common, "q": text.compact, "query_by": "compactName"},
        {**common, "q": " ".join(text.words), "query_by": "foldedName"},
        *of_ticker,
    ]


def _named(kind: NamedKind, document: Mapping[str, Any]) -> NamedDocument:
    fields: dict[str, Any] = {field: document.get(name) for field, name in _NAMED_FIELDS.items()}
    for field in _IDS:
        fields[field] = None if fields[field] is None else int(fields[field])
    return NamedDocument(
        kind=kind,
        id=int(document["id"]),
        battle_count=document["battleCount"],
        last_seen_at=datetime.fromtimestamp(document["lastSeenAt"], UTC),
        **fields,
    )


def _found(
    document: DocumentT, own_ids: Iterable[tuple[NamedKind, str | None]], text: TextFilter | None
) -> FoundDocument[DocumentT]:
    """With what it matches, and how well."""
    own = {(kind, int(entity_id)) for kind, entity_id in own_ids if entity_id is not None}
    matched = [part for part in text.named if (part.kind, part.id) in own] if text else []
    relevance = text.relevance(matched) if text else 0.0
    return FoundDocument(document, relevance, frozenset((part.kind, part.id) for part in matched))


def _battle_ids(document: BattleDocument) -> Iterable[tuple[NamedKind, str]]:
    yield from ((NamedKind.SYSTEM, value) for value in document.system_ids)
    yield from ((NamedKind.ALLIANCE, value) for value in document.alliance_ids)
    yield from ((NamedKind.CORPORATION, value) for value in document.corp_ids)
    yield from ((NamedKind.CHARACTER, value) for value in document.character_ids)
    yield from ((NamedKind.SHIP_TYPE, value) for value in document.ship_type_ids)


def _killmail_ids(document: KillmailDocument) -> Iterable[tuple[NamedKind, str | None]]:
    yield NamedKind.SYSTEM, document.system_id
    yield NamedKind.ALLIANCE, document.victim_alliance_id
    yield NamedKind.CORPORATION, document.victim_corporation_id
    yield NamedKind.CHARACTER, document.victim_character_id
    yield NamedKind.SHIP_TYPE, document.ship_type_id
    yield from ((NamedKind.ALLIANCE, value) for value in document.attacker_alliance_ids)
    yield from ((NamedKind.CORPORATION, value) for value in document.attacker_corporation_ids)
    yield from ((NamedKind.CHARACTER, value) for value in document.attacker_character_ids)


def _total(result: Mapping[str, Any]) -> int:
    return min(result["found"], MAX_TOTAL)


def _regions(result: Mapping[str, Any]) -> list[tuple[int, str]]:
    documents = [group["hits"][0]["document"] for group in result["grouped_hits"]]
    return [(int(document["regionId"]), document["regionName"]) for document in documents]


def _facets(result: Mapping[str, Any], regions: Mapping[str, Any]) -> Facets:
    names = {str(region_id): name for region_id, name in _regions(regions)}
    return {
        _FACETS.get(str(facet["field_name"]), str(facet["field_name"])): [
            FacetValue(count["value"], count["count"], names.get(count["value"])) for count in facet["counts"]
        ]
        for facet in result["facet_counts"]
    }
