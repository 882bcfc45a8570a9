"""Every request to Typesense fits its published description, and its answers are read as it describes them.

The whole behaviour is tested by `test_engines.py` against a real server, where there is one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from described_search import API_KEY, described_typesense, needs_description
from search_documents import ALLIANCES, BATTLES, BIG, HORDE, KILLMAILS, NOW, SHIPS, SYSTEMS
from search_harness import typesense_engine

from battlescope_events.errors import TransientError
from battlescope_events.typesense.connection import Refused
from battlescope_schemas.search.documents import Document
from battlescope_schemas.search.typesense_schema import document_json
from search_api.domain.named import ENTITY_KINDS, FEW, NamedKind
from search_api.domain.search_text import read_search_text
from search_api.domain.searches import (
    BattleOrder,
    BattleSearch,
    Between,
    Direction,
    KillmailOrder,
    KillmailSearch,
    NamedPart,
    Page,
    TextFilter,
)

pytestmark = needs_description
BY_COLLECTION: Mapping[str, tuple[Document, ...]] = {
    "alliances": ALLIANCES[:1],
    "systems": SYSTEMS,
    "ship_types": SHIPS[:1],
    "battles": BATTLES,
    "killmails": KILLMAILS,
}
FACETS = [
    {"field_name": "securityType", "counts": [{"value": "nullsec", "count": 2, "highlighted": "nullsec"}]},
    {"field_name": "regionId", "counts": [{"value": "10000060", "count": 2, "highlighted": "10000060"}]},
    {"field_name": "totalParticipants", "counts": [{"value": "200-999", "count": 1, "highlighted": "200-999"}]},
]
TEXT = TextFilter(
    (NamedPart(NamedKind.ALLIANCE, HORDE, 0, 26), NamedPart(NamedKind.SYSTEM, 30000002, 1, 40)),
    2,
    (10000060,),
    ("horde",),
)


def answer(search: Mapping[str, Any]) -> Mapping[str, Any]:
    documents = [document_json(document) for document in BY_COLLECTION.get(search["collection"], ())]
    if "group_by" in search:
        groups = {document["regionId"]: document for document in documents}
        grouped = [{"group_key": [key], "hits": [{"document": document}]} for key, document in groups.items()]
        return {"found": len(groups), "grouped_hits": grouped, "facet_counts": []}
    hits = [{"document": document, "text_match": 1} for document in documents]
    return {"found": 20_000, "hits": hits, "facet_counts": FACETS}


async def test_names_are_asked_for_at_once_and_read_with_their_fields() -> None:
    kinds = (*ENTITY_KINDS, NamedKind.SYSTEM, NamedKind.SHIP_TYPE)
    async with described_typesense(answer) as server, typesense_engine(server.url, API_KEY) as engine:
        documents = await engine.names(read_search_text("O'Neil hed-gp"), kinds, NOW, 5, FEW)
    asked = [(search["collection"], search["q"], search["query_by"]) for search in server.searches]
    assert asked == [
        (collection, q, field)
        for collection in ("alliances", "corporations", "characters", "systems", "ship_types")
        for q, field in (
            ("oneilhedgp", "compactName"),
            ("oneil hed gp", "foldedName"),
            *([("oneilhedgp", "compactTicker")] if collection in {"alliances", "corporations"} else []),
        )
    ]
    found = {(document.kind, document.id): document for document in documents}
    horde = found[NamedKind.ALLIANCE, HORDE]
    assert (horde.name, horde.ticker, horde.battle_count) == ("Pandemic Horde", "REKTD", 50)
    assert horde.last_seen_at == datetime(2026, 3, 1, 20, tzinfo=UTC)
    hole = found[NamedKind.SYSTEM, 31000001]
    assert (hole.region_id, hole.system_class, hole.system_effect) == (11000003, 3, "Pulsar")
    assert found[NamedKind.SHIP_TYPE, 19720].hull_class == "dreadnought"


async def test_ticker_is_looked_for_among_tickers_alone() -> None:
    async with described_typesense(answer) as server, typesense_engine(server.url, API_KEY) as engine:
        await engine.names(read_search_text("[PILS.]"), ENTITY_KINDS, NOW, 5, FEW)
        assert await engine.names(read_search_text("[PILS.]"), (NamedKind.SYSTEM,), NOW, 5, FEW) == []
    assert {(search["q"], search["query_by"], search["num_typos"]) for search in server.searches} == {
        ("pils", "compactTicker", "0")
    }


async def test_battles_are_filtered_sorted_and_counted() -> None:
    search = BattleSearch(
        text=TEXT,
        battle_ids=(UUID(BIG),),
        security_types=("nullsec", "wormhole"),
        statuses=("open",),
        tiers=("major",),
        region_ids=(10000060,),
        character_ids=(90000001,),
        start_time=Between(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, 0, 0, 0, 500_000, tzinfo=UTC)),
        isk=Between(Decimal("1000000.5"), Decimal("2000000.5")),
        kills=Between(2, 9),
        order=BattleOrder.RELEVANCE,
        page=Page(10, 30),
    )
    async with described_typesense(answer) as server, typesense_engine(server.url, API_KEY) as engine:
        page = await engine.battles(search)
    query = server.searches[0]
    assert query["filter_by"].split(" && ")[:3] == [
        "(((allianceIds:=[`99000001`])",
        "(systemIds:=[`30000002`])) || (regionId:=[`10000060`]) || (words:=[`horde`]))",
        f"id:=[`{BIG}`]",
    ]
    assert "securityType:=[`nullsec`,`wormhole`] && status:=[`open`] && tier:=[`major`]" in query["filter_by"]
    assert "startTime:>=1772323200 && startTime:<=1772409600 && totalKills:>=2 && totalKills:<=9" in query["filter_by"]
    assert "totalIskDestroyed:>=1000001 && totalIskDestroyed:<=2000000" in query["filter_by"]
    assert (
        query["sort_by"] == "_eval([(systemIds:=[`30000002`]):40,(allianceIds:=[`99000001`]):26]):desc,startTime:desc"
    )
    assert (query["limit"], query["offset"]) == (10, 30)
    assert page.total == 10_000
    assert [(hit.document.id, hit.relevance, hit.matched) for hit in page.hits] == [
        (BATTLES[0].id, 66.0, {(NamedKind.ALLIANCE, HORDE), (NamedKind.SYSTEM, 30000002)}),
        (BATTLES[1].id, 26.0, {(NamedKind.ALLIANCE, HORDE)}),
    ]
    assert [(value.value, value.count, value.name) for value in page.facets["region"]] == [("10000060", 2, "Delve")]
    assert [(value.value, value.count) for value in page.facets["size"]] == [("200-999", 1)]


@pytest.mark.parametrize("text", [TextFilter(), TextFilter(parts=1)])
async def test_text_that_stands_for_nothing_matches_nothing(text: TextFilter) -> None:
    async with described_typesense(answer) as server, typesense_engine(server.url, API_KEY) as engine:
        await engine.killmails(KillmailSearch(text=text))
        await engine.battles(BattleSearch(battle_ids=()))
    assert [search["filter_by"] for search in server.searches if search["collection"] != "systems"] == [
        "id:=[`-`]",
        "id:=[`-`]",
    ]


async def test_killmails_are_filtered_and_sorted() -> None:
    search = KillmailSearch(
        text=TEXT,
        hull_classes=("titan",),
        attacker_character_ids=(90000001,),
        attackers=Between(2),
        order=KillmailOrder.VALUE,
        direction=Direction.ASC,
    )
    async with described_typesense(answer) as server, typesense_engine(server.url, API_KEY) as engine:
        page = await engine.killmails(search)
    query = server.searches[0]
    assert query["filter_by"] == (
        "(((victimAllianceId:=[`99000001`] || attackerAllianceIds:=[`99000001`]) && (systemId:=[`30000002`]))"
        " || (regionId:=[`10000060`])) && hullClass:=[`titan`] && attackerCharacterIds:=[`90000001`]"
        " && attackerCount:>=2"
    )
    assert query["sort_by"] == "value:asc"
    assert page.hits[0].matched == {(NamedKind.SYSTEM, 30000002), (NamedKind.ALLIANCE, HORDE)}  # it attacked


async def test_regions_are_one_system_of_each() -> None:
    async with described_typesense(answer) as server, typesense_engine(server.url, API_KEY) as engine:
        regions = await engine.regions()
    assert set(regions) == {(10000014, "Catch"), (10000060, "Delve"), (11000003, "C-R00003"), (10000002, "The Forge")}


@pytest.mark.parametrize(
    ("code", "error"), [(404, TransientError), (503, TransientError), (429, TransientError), (400, Refused)]
)
async def test_failure_of_one_search_fails_all(code: int, error: type[Exception]) -> None:
    def failing(search: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"code": code, "error": "It fails."} if search["collection"] == "battles" else answer(search)

    async with described_typesense(failing) as server, typesense_engine(server.url, API_KEY) as engine:
        with pytest.raises(error):
            await engine.battles(BattleSearch())


@pytest.mark.parametrize("status", [500, 503, 404, 401])
async def test_server_that_fails_is_away(status: int) -> None:
    async with described_typesense(answer, status) as server, typesense_engine(server.url, API_KEY) as engine:
        with pytest.raises(TransientError):
            await engine.regions()


async def test_health_is_asked_for() -> None:
    async with described_typesense(answer) as server, typesense_engine(server.url, API_KEY) as engine:
        await engine.ready()
        server.status = 503
        with pytest.raises(TransientError):
            await engine.ready()
