"""What is found: the same on both engines, because every test here runs on both."""

from typing import Any

import httpx2
import pytest
from search_documents import BIG, EMPIRE, GALAXY, GOONS, HORDE, MERGED, MERGED_AGAIN, SMALL, TOKENS

pytestmark = pytest.mark.postgres
KILLMAIL, OTHER, LOOSE = "137202920", "137202921", "137202922"


async def get(search: httpx2.AsyncClient, path: str, **query: Any) -> Any:
    response = await search.get(f"/api/search/{path}", params=query)
    assert response.status_code == 200, response.text
    assert response.json()["status"] == "healthy"
    return response.json()


async def entities(search: httpx2.AsyncClient, q: str, **query: Any) -> dict[str, list[str]]:
    body = await get(search, "entities", q=q, **query)
    return {kind: [hit["name"] for hit in body[kind]] for kind in ("alliances", "corporations", "characters")}


async def find(search: httpx2.AsyncClient, path: str, **body: Any) -> Any:
    response = await search.post(f"/api/search/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def battles(search: httpx2.AsyncClient, **body: Any) -> list[str]:
    answer = await find(search, "battles", **body)
    assert answer["estimatedTotalHits"] >= len(answer["hits"])
    return [hit["id"] for hit in answer["hits"]]


async def killmails(search: httpx2.AsyncClient, **body: Any) -> list[str]:
    return [hit["killmailId"] for hit in (await find(search, "killmails", **body))["hits"]]


@pytest.mark.parametrize(
    ("q", "alliances"),
    [
        ("pand", ["Pandemic Horde", "Pandemic Legion"]),  # the more battles the earlier
        ("Pandemic Legion", ["Pandemic Legion"]),
        ("horde", ["Horde Hunters", "Pandemic Horde"]),  # a name that begins so is before a word that does
        ("pandmic", ["Pandemic Horde", "Pandemic Legion"]),
        ("goonswram", ["Goonswarm Federation"]),
        ("fraternity", ["Fraternity."]),
        ("Империя", ["Империя Зла"]),
        ("зла", ["Империя Зла"]),
        ("империт", ["Империя Зла"]),
        ("银", ["银河联盟"]),
        ("银河", ["银河联盟"]),
        ("[CONDI]", ["Goonswarm Federation"]),
        ("[con]", ["Goonswarm Federation"]),
        ("condi", ["Goonswarm Federation"]),
        ("-10.0", ["Pandemic Legion"]),
        ("[pand]", []),
        ("zzzzzz", []),
    ],
)
async def test_alliances_are_found_the_best_first(search: httpx2.AsyncClient, q: str, alliances: list[str]) -> None:
    assert (await entities(search, q, type="alliance"))["alliances"] == alliances


@pytest.mark.parametrize("q", ["shaq", "oneil", "o'neil", "O\u2019NEIL", "Shaq O'Neil", "shaqo", "shqa oneil"])
async def test_names_with_quotes_are_found_without_them(search: httpx2.AsyncClient, q: str) -> None:
    assert (await entities(search, q))["characters"] == ["Shaq O'Neil"]


@pytest.mark.parametrize(
    ("path", "kind", "link", "name"),
    [
        ("entities", "characters", "https://zkillboard.com/character/90000001/", "Shaq O'Neil"),
        ("entities", "corporations", "https://zkillboard.com/corporation/98000001/kills/", "Pandemic Horde Inc."),
        ("entities", "alliances", f"https://zkillboard.com/alliance/{HORDE}/", "Pandemic Horde"),
        ("systems", "systems", "https://zkillboard.com/system/31000001/", "J115422"),
        ("global", "systems", "https://zkillboard.com/system/31000001/", "J115422"),
    ],
)
async def test_link_finds_what_it_names(search: httpx2.AsyncClient, path: str, kind: str, link: str, name: str) -> None:
    body = await get(search, path, q=link)
    (hit,) = body[kind]
    assert (hit["name"], hit["match"]["kind"], hit["match"]["highlights"]) == (name, "exact", [])


async def test_link_finds_nothing_of_another_kind_and_nothing_unknown(search: httpx2.AsyncClient) -> None:
    link = "https://zkillboard.com/character/90000001/"
    assert (await get(search, "systems", q=link))["systems"] == []
    assert (await entities(search, link, type="alliance"))["alliances"] == []
    nothing = {"alliances": [], "corporations": [], "characters": []}
    assert await entities(search, "https://zkillboard.com/character/90009999/") == nothing
    assert await killmails(search, query=link) == [KILLMAIL]


async def test_entity_has_its_affiliations_and_a_marked_match(search: httpx2.AsyncClient) -> None:
    body = await get(search, "entities", q="oneil")
    (hit,) = body["characters"]
    assert hit == {
        "id": "90000001",
        "type": "character",
        "name": "Shaq O'Neil",
        "battleCount": 7,
        "match": {"field": "name", "kind": "word_prefix", "edits": 0, "highlights": [{"start": 5, "end": 11}]},
        "corpId": "98000001",
        "corpName": "Pandemic Horde Inc.",
        "allianceId": str(HORDE),
        "allianceName": "Pandemic Horde",
        "lastSeenAt": "2026-03-01T20:00:00Z",
    }


async def test_affiliation_without_a_name_is_unknown(search: httpx2.AsyncClient) -> None:
    (hit,) = (await get(search, "entities", q="ann frat"))["characters"]
    assert (hit["corpName"], hit["allianceId"], hit["allianceName"]) == ("Unknown Corporation #98000009", None, None)


async def test_exact_ticker_is_before_names_that_begin_with_it(search: httpx2.AsyncClient) -> None:
    body = await get(search, "entities", q="horde")
    (hit,) = body["corporations"]
    assert (hit["name"], hit["match"]["kind"], hit["match"]["field"]) == ("Pandemic Horde Inc.", "exact", "ticker")


async def test_types_and_limit_choose_what_is_answered(search: httpx2.AsyncClient) -> None:
    found = await entities(search, "pandemic", type=["corporation", "alliance"], limit=1)
    assert found == {"alliances": ["Pandemic Horde"], "corporations": ["Pandemic Horde Inc."], "characters": []}


@pytest.mark.parametrize(
    ("q", "name"),
    [
        ("hedgp", "HED-GP"),
        ("HED-GP", "HED-GP"),
        ("hed", "HED-GP"),
        ("1dq", "1DQ1-A"),
        ("J1154", "J115422"),
        ("jitta", "Jita"),
    ],
)
async def test_systems_are_found_as_players_write_them(search: httpx2.AsyncClient, q: str, name: str) -> None:
    assert [hit["name"] for hit in (await get(search, "systems", q=q))["systems"]] == [name]


async def test_system_has_its_place_class_and_effect(search: httpx2.AsyncClient) -> None:
    (hit,) = (await get(search, "systems", q="J115422"))["systems"]
    assert hit == {
        "id": "31000001",
        "name": "J115422",
        "battleCount": 2,
        "match": {"field": "name", "kind": "exact", "edits": 0, "highlights": [{"start": 0, "end": 7}]},
        "regionId": "11000003",
        "regionName": "C-R00003",
        "constellationId": "20000060",
        "constellationName": "1-3HWZ",
        "securityType": "wormhole",
        "securityStatus": -1.0,
        "systemClass": 3,
        "systemEffect": "Pulsar",
        "lastBattleAt": "2026-03-01T20:00:00Z",
    }


async def test_systems_are_filtered_by_security(search: httpx2.AsyncClient) -> None:
    for query in ({"securityType": "wormhole"}, {"space_type": "jspace"}):
        assert [hit["name"] for hit in (await get(search, "systems", q="j1", **query))["systems"]] == ["J115422"]
        assert (await get(search, "systems", q="hed", **query))["systems"] == []


async def test_ships_are_found_with_their_class(search: httpx2.AsyncClient) -> None:
    (hit,) = (await get(search, "ships", q="revalation"))["ships"]
    assert (hit["name"], hit["hullClass"], hit["groupName"], hit["battleCount"]) == (
        "Revelation", "dreadnought", "Dreadnought", 4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("horde", [SMALL, BIG]),  # as relevant, so that the later one is first
        ("1dq", [BIG]),
        ("hedgp", [BIG]),
        ("J115422", [SMALL]),
        ("goonswram", [BIG]),
        ("pandemic J115422", [SMALL]),
        ("horde vily", [BIG]),
        ("vily J115422", []),
        ("delve", [BIG]),
        ("rifter", [SMALL]),
        ("siege", [BIG]),
        ("империя", [SMALL]),
        ("[EVIL]", [SMALL]),
        ("[siege]", []),  # a word of a name is no ticker
        ("zzzzzz", []),
        (BIG, [BIG]),
        (f"https://battles.example/battles/{SMALL}", [SMALL]),
        (MERGED, [SMALL]),
        (f"https://battles.example/battles/{MERGED_AGAIN}/kills", [SMALL]),
        (f"https://battles.example/s/{TOKENS['open']}", [BIG]),
        (f"/s/{TOKENS['open']}.png", [BIG]),
        (f"https://battles.example/s/{TOKENS['of merged']}", [SMALL]),
        (f"https://battles.example/s/{TOKENS['expired']}", []),
        (f"https://battles.example/s/{TOKENS['revoked']}", []),
        (f"https://battles.example/s/{TOKENS['unknown']}", []),
        ("https://zkillboard.com/kill/137202920/", [BIG]),
        (KILLMAIL, [BIG]),
        ("https://zkillboard.com/related/31000001/202603011900/", [SMALL]),
        ("https://br.evetools.org/related/31000001/202603011900", [SMALL]),
        ("https://zkillboard.com/related/31000001/202602011900/", []),
        ("https://zkillboard.com/kill/1/", []),
        ("https://zkillboard.com/character/90000001/", [BIG]),
        (f"https://zkillboard.com/alliance/{EMPIRE}/", [SMALL]),
        ("look: https://zkillboard.com/system/31000001/ siege", [SMALL]),
        ("https://zkillboard.com/character/1/", []),
    ],
)
async def test_battles_are_found_by_what_was_in_them(search: httpx2.AsyncClient, query: str, found: list[str]) -> None:
    assert await battles(search, query=query) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [SMALL, BIG]),
        ({"ids": [BIG]}, [BIG]),
        ({"securityType": ["wormhole"]}, [SMALL]),
        ({"securityType": ["wormhole", "nullsec"]}, [SMALL, BIG]),
        ({"status": ["open"]}, [SMALL]),
        ({"tier": ["major"]}, [BIG]),
        ({"systemIds": ["30000001"]}, [BIG]),
        ({"regionIds": ["11000003"]}, [SMALL]),
        ({"allianceIds": [str(HORDE)]}, [SMALL, BIG]),
        ({"allianceIds": [str(GOONS), str(EMPIRE)]}, [SMALL, BIG]),
        ({"allianceIds": [str(HORDE)], "corpIds": ["98000003"]}, [SMALL]),
        ({"characterIds": ["90000001"]}, [BIG]),
        ({"allianceIds": [str(GALAXY)]}, []),
        ({"startTime": {"after": "2026-03-01T19:00:00Z"}}, [SMALL]),
        ({"startTime": {"before": "2026-03-01T18:00:00Z"}}, [BIG]),
        ({"totalKills": {"min": 3, "max": 3}}, [SMALL]),
        ({"totalParticipants": {"min": 10}}, [BIG]),
        ({"totalIskDestroyed": {"max": "900000000"}}, [SMALL]),
        ({"duration": {"min": 601}}, [BIG]),
    ],
)
async def test_battles_are_filtered(search: httpx2.AsyncClient, filters: Any, found: list[str]) -> None:
    assert await battles(search, filters=filters) == found


@pytest.mark.parametrize(
    ("by", "first"), [("startTime", SMALL), ("totalIskDestroyed", BIG), ("totalKills", BIG), ("battleScore", BIG)]
)
async def test_battles_are_sorted(search: httpx2.AsyncClient, by: str, first: str) -> None:
    second = BIG if first == SMALL else SMALL
    assert await battles(search, sort={"by": by}) == [first, second]
    assert await battles(search, sort={"by": by, "order": "asc"}) == [second, first]


async def test_pages_follow_each_other(search: httpx2.AsyncClient) -> None:
    answer = await find(search, "battles", page={"limit": 1, "offset": 1})
    assert [hit["id"] for hit in answer["hits"]] == [BIG]
    assert (answer["estimatedTotalHits"], answer["limit"], answer["offset"]) == (2, 1, 1)
    assert await battles(search, page={"offset": 2}) == []


async def test_battle_has_the_fields_of_lists_and_its_matches(search: httpx2.AsyncClient) -> None:
    answer = await find(search, "battles", query="horde", filters={"ids": [BIG]})
    (hit,) = answer["hits"]
    assert [(match["type"], match["name"], match["kind"]) for match in hit["_matched"]] == [
        ("corporation", "Pandemic Horde Inc.", "exact"),
        ("alliance", "Pandemic Horde", "word_prefix"),
    ]
    assert hit["_matched"][1]["highlights"] == [{"start": 9, "end": 14}]
    assert hit["_matchedTerms"] == ["Pandemic Horde Inc.", "Pandemic Horde"]
    assert hit["_relevanceScore"] > 0
    expected = {
        "id": BIG, "name": "The siege of 1DQ", "systemName": "1DQ1-A", "regionName": "Delve", "tier": "major",
        "startTime": "2026-03-01T18:00:00Z", "duration": 3600, "totalIskDestroyed": "250000000000.50",
        "outcome": {"isDecisive": True, "winningSide": 1}, "unassignedPilots": 4, "sideCount": 2,
        "mainAlliances": [{"allianceId": str(HORDE), "allianceName": "Pandemic Horde", "participantCount": 240}],
        "systems": [
            {"systemId": "30000002", "systemName": "1DQ1-A"}, {"systemId": "30000001", "systemName": "HED-GP"},
        ],
    }  # fmt: skip
    assert {name: hit[name] for name in expected} == expected
    assert hit["editCount"] == 2
    assert hit["spark"] == {
        "bucketSeconds": 151,
        "lost": [{"sideId": 1, "isk": [0, 5]}, {"sideId": None, "isk": [1]}],
    }
    assert hit["sides"][0]["topParty"]["partyName"] == "Pandemic Horde"
    assert (hit["sides"][1]["role"], hit["sides"][1]["topParty"]) == ("third_party", None)
    assert hit["computedIsk"]["total"] == "50.00"
    assert hit["iskParts"]["fitted"] == "200000000000.00"


async def test_facets_count_the_hits(search: httpx2.AsyncClient) -> None:
    facets = (await find(search, "battles"))["facets"]
    assert facets == {
        "securityType": {"nullsec": 1, "wormhole": 1},
        "status": {"open": 1, "closed": 1},
        "tier": {"major": 1, "small": 1},
        "size": {"2-9": 1, "200-999": 1},
        "regions": [
            {"regionId": "10000060", "regionName": "Delve", "count": 1},
            {"regionId": "11000003", "regionName": "C-R00003", "count": 1},
        ],
    }
    only = (await find(search, "battles", filters={"securityType": ["nullsec"]}))["facets"]
    assert (only["securityType"], only["size"]) == ({"nullsec": 1}, {"200-999": 1})


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [LOOSE, OTHER, KILLMAIL]),
        ({"query": KILLMAIL}, [KILLMAIL]),
        ({"query": f"https://zkillboard.com/kill/{OTHER}/"}, [OTHER]),
        ({"query": "vily"}, [LOOSE, OTHER, KILLMAIL]),  # an attacker of the second one
        ({"query": "oneil"}, [KILLMAIL]),
        ({"query": "horde"}, [KILLMAIL]),
        ({"query": "horde goonswarm"}, [KILLMAIL]),
        ({"query": "horde J115422"}, []),
        ({"filters": {"attackerAllianceIds": [str(HORDE)]}}, [KILLMAIL]),
        ({"filters": {"attackerAllianceIds": [str(GOONS)]}}, []),
        ({"filters": {"attackerCorpIds": ["98000002", "98000001"]}}, [OTHER, KILLMAIL]),
        ({"filters": {"attackerCharacterIds": ["90000002"]}}, [OTHER]),
        (
            {"query": "1dq", "filters": {"attackerCharacterIds": ["90000001"], "victimCharacterIds": ["90000002"]}},
            [KILLMAIL],
        ),
        ({"query": "revelation"}, [LOOSE, KILLMAIL]),
        ({"query": "rifter J115422"}, [OTHER]),
        ({"query": "delve"}, [LOOSE, KILLMAIL]),
        ({"query": "[CONDI]"}, [LOOSE, KILLMAIL]),
        ({"query": "zzzzzz"}, []),
        ({"filters": {"hullClass": ["frigate"]}}, [OTHER]),
        ({"filters": {"securityType": ["nullsec"]}}, [LOOSE, KILLMAIL]),
        ({"filters": {"iskValue": {"min": "1000000"}}}, [KILLMAIL]),
        ({"filters": {"attackerCount": {"max": 2}}}, [LOOSE, OTHER]),
        ({"filters": {"victimAllianceIds": [str(GOONS)], "shipTypeIds": ["19720"]}}, [LOOSE, KILLMAIL]),
        ({"filters": {"victimCorpIds": ["98000003"]}}, [OTHER]),
        ({"filters": {"victimCharacterIds": ["90000002"]}}, [LOOSE, KILLMAIL]),
        ({"filters": {"systemIds": ["31000001"], "regionIds": ["11000003"]}}, [OTHER]),
        ({"filters": {"timestamp": {"before": "2026-03-01T19:00:00Z"}}}, [KILLMAIL]),
        ({"sort": {"by": "iskValue"}, "page": {"limit": 2}}, [KILLMAIL, OTHER]),
        ({"sort": {"order": "asc"}, "page": {"limit": 1, "offset": 1}}, [OTHER]),
    ],
)
async def test_killmails_are_found(search: httpx2.AsyncClient, body: Any, found: list[str]) -> None:
    assert await killmails(search, **body) == found


async def test_killmail_has_names_and_facets(search: httpx2.AsyncClient) -> None:
    answer = await find(search, "killmails", query="vily", page={"limit": 1, "offset": 2})
    (hit,) = answer["hits"]
    expected = {
        "killmailId": KILLMAIL, "zkbUrl": f"https://zkillboard.com/kill/{KILLMAIL}/", "systemName": "1DQ1-A",
        "shipTypeName": "Revelation", "hullClass": "dreadnought", "victimCharacterName": "Vily",
        "victimAllianceName": "Goonswarm Federation", "iskValue": "4000000000.25", "battleId": BIG,
    }  # fmt: skip
    assert {name: hit[name] for name in expected} == expected
    assert hit["_matchedTerms"] == ["Vily"]
    assert answer["facets"] == {
        "securityType": {"nullsec": 2, "wormhole": 1},
        "hullClass": {"dreadnought": 2, "frigate": 1},
        "regions": [
            {"regionId": "10000060", "regionName": "Delve", "count": 2},
            {"regionId": "11000003", "regionName": "C-R00003", "count": 1},
        ],
    }


async def test_killmail_in_a_wormhole_has_its_class(search: httpx2.AsyncClient) -> None:
    (hit,) = (await find(search, "killmails", query="J115422"))["hits"]
    assert (hit["securityType"], hit["systemClass"]) == ("wormhole", 3)
    (loose, _) = (await find(search, "killmails", query="1dq"))["hits"]
    assert loose["systemClass"] is None


async def test_names_of_attackers_are_matched_too(search: httpx2.AsyncClient) -> None:
    (hit,) = (await find(search, "killmails", query="pandemic horde"))["hits"]
    assert [(name["type"], name["name"]) for name in hit["_matched"]] == [
        ("alliance", "Pandemic Horde"),
        ("corporation", "Pandemic Horde Inc."),
    ]


async def test_everything_is_found_at_once(search: httpx2.AsyncClient) -> None:
    body = await get(search, "global", q="pandemic", limit=1)
    assert [hit["id"] for hit in body["battles"]] == [SMALL]
    assert [hit["name"] for hit in body["entities"]["alliances"]] == ["Pandemic Horde"]
    assert [hit["name"] for hit in body["entities"]["corporations"]] == ["Pandemic Horde Inc."]
    assert (body["killmails"], body["systems"], body["ships"]) == ([], [], [])
    assert body["totalResults"] == {"battles": 2, "killmails": 0, "entities": 3, "systems": 0, "ships": 0}


async def test_id_of_a_killmail_finds_it_and_its_battle(search: httpx2.AsyncClient) -> None:
    for q in (KILLMAIL, f"https://zkillboard.com/kill/{KILLMAIL}/"):
        body = await get(search, "global", q=q)
        assert [hit["killmailId"] for hit in body["killmails"]] == [KILLMAIL]
        assert [hit["id"] for hit in body["battles"]] == [BIG]


async def test_number_finds_a_corporation_too(search: httpx2.AsyncClient) -> None:
    body = await get(search, "global", q="1337")
    assert [hit["name"] for hit in body["entities"]["corporations"]] == ["1337"]
    assert (body["killmails"], [hit["id"] for hit in body["battles"]]) == ([], [SMALL])
