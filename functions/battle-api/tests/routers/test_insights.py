"""What explains a battle: parties, links, suggested splits and revisions."""

import httpx2
import pytest
from battle_api_harness import ApiHarness, assert_error

pytestmark = pytest.mark.postgres
FIRST = "/api/battles/00000000-0000-0000-0000-000000000001"
DELETED = "/api/battles/00000000-0000-0000-0000-000000000004"


async def test_graph_shows_who_shot_whom(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"{FIRST}/party-graph")).json()
    red, blue = sorted(range(2), key=lambda number: body["nodes"][number]["partyType"])
    assert (body["nodes"][red]["ticker"], body["nodes"][red]["sideId"]) == ("RED", 1)
    assert (body["nodes"][blue]["partyName"], body["nodes"][blue]["role"]) == ("Blue Works", "unassigned")
    (edge,) = body["edges"]
    assert {edge["a"], edge["b"]} == {red, blue}
    assert (edge["hostileKillmails"], edge["hostileIsk"], edge["jointKillmails"]) == (3, "6.75", 0)


async def test_why_names_the_links_and_the_pilots_on_both(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"{FIRST}/killmails/2/why")).json()
    (link,) = body["links"]
    assert (link["killmailId"], link["reason"], link["deltaSeconds"], link["sameSystem"]) == (
        "1",
        "same-people",
        -60,
        True,
    )
    assert link["sharedPilots"] == [
        {"id": "90000001", "name": "Ann"},
        {"id": "90000002", "name": "Unknown Character #90000002"},
    ]
    assert (await client.get(f"{FIRST}/killmails/3/why")).json()["links"] == []
    assert_error(await client.get(f"{FIRST}/killmails/11/why"), 404, "has no killmail 11")


@pytest.mark.parametrize(
    ("system", "adjacent", "nearby", "jumps"),
    [
        (30000144, "{30000144}", "{30000144,30000145}", 1),
        (30000145, "{30000144}", "{30000144,30000145}", 2),
        (31000001, "{30000144}", "{30000144,30000145}", None),  # through a wormhole
        (30000144, None, None, None),  # of an older release
    ],
)
async def test_link_between_systems_has_its_jumps(
    harness: ApiHarness, system: int, adjacent: str | None, nearby: str | None, jumps: int | None
) -> None:
    harness.sql("UPDATE battle_killmails SET system_id = %s WHERE killmail_id = 2", system)
    harness.sql(
        "UPDATE solar_systems SET adjacent_system_ids = %s, nearby_system_ids = %s WHERE system_id = 30000142",
        adjacent,
        nearby,
    )
    for killmail_id in (1, 2):
        (link,) = (await harness.api.get(f"{FIRST}/killmails/{killmail_id}/why")).json()["links"]
        assert (link["sameSystem"], link["jumps"]) == (False, jumps)
    assert [link["jumps"] for link in (await harness.api.get(FIRST)).json()["links"]] == [jumps]


async def test_split_preview_shows_the_totals_of_both_halves(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"{FIRST}/preview-split")).json()
    figures = [(h["killmailIds"], h["killmails"], h["pilots"], h["iskDestroyed"]) for h in body["halves"]]
    assert figures == [(["1"], 1, 2, "1.25"), (["2", "3"], 2, 2, "5.50")]
    assert (body["doubt"], body["sharedPilots"]) == ("lull", 2)
    assert_error(await client.get(f"{FIRST}/preview-split?suggestion=1"), 404, "has no suggestion 1")


async def test_one_revision_is_that_of_the_list(client: httpx2.AsyncClient) -> None:
    items = (await client.get(f"{FIRST}/revisions")).json()["items"]
    assert [(await client.get(f"{FIRST}/revisions/{n}")).json() for n in (3, 2, 1)] == items
    assert_error(await client.get(f"{FIRST}/revisions/4"), 404, "has no revision 4")
    assert (await client.get(f"{DELETED}/revisions/2")).json()["reason"] == "deleted"


async def test_difference_of_revisions_is_the_net_change(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"{FIRST}/revisions/1/diff/3")).json()
    assert (body["added"], body["removed"]) == (["3"], ["2"])
    assert (body["totalKills"], body["totalParticipants"], body["totalIskDestroyed"]) == (0, -1, "1.50")
    assert (await client.get(f"{FIRST}/revisions/2/diff/2")).json()["added"] == []


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("revisions/3/diff/1", 400, "must not be greater"),
        ("revisions/1/diff/1002", 400, "1000 revisions"),
        ("revisions/1/diff/4", 404, "not both"),
        ("revisions/0", 400, "revision"),
    ],
)
async def test_revisions_that_are_not_there(client: httpx2.AsyncClient, path: str, status: int, message: str) -> None:
    assert_error(await client.get(f"{FIRST}/{path}"), status, message)


async def test_killmail_that_left_and_came_back_is_no_difference(harness: ApiHarness) -> None:
    harness.sql(
        "INSERT INTO battle_revisions SELECT battle_id, 4, made_at, reason, cause, '{2}', '{}', '{}', total_kills,"
        " total_participants, total_isk_destroyed, sides FROM battle_revisions WHERE revision = 3"
    )
    body = (await harness.api.get(f"{FIRST}/revisions/1/diff/4")).json()
    assert (body["added"], body["removed"]) == (["3"], [])
