"""What callers see: categories by their roles, and limits of their own."""

from typing import Any

import httpx2
import pytest
from search_documents import BIG
from search_harness import KnownCaller, running_app

from battlescope_events.edge.limits import SEARCH_ADVANCED, SEARCH_AUTOCOMPLETE, SEARCH_GLOBAL
from battlescope_events.http_api.guard import ANY_FEATURE, Caller, CallerKind, Right, Role
from battlescope_local.testing.databases import Database
from search_api.main import app

pytestmark = pytest.mark.postgres


def caller(**roles: int) -> Caller:
    return Caller(CallerKind.SESSION, roles={feature.replace("_", "-"): rank for feature, rank in roles.items()})


async def everything(world: Database, who: Caller) -> Any:
    async with running_app(world.url("search-api"), guard=KnownCaller(who)) as client:
        response = await client.get("/api/search/global", params={"q": "https://zkillboard.com/kill/137202920/"})
        names = await client.get("/api/search/global", params={"q": "pandemic"})
    assert names.json()["entities"]["alliances"]
    return response.json()


async def test_battles_are_empty_for_who_may_not_see_them(world: Database) -> None:
    body = await everything(world, caller(battle_intel=Role.ADMIN))
    assert (body["battles"], body["killmails"]) == ([], [])
    assert body["totalResults"]["battles"] == 0


@pytest.mark.parametrize(
    "who",
    [caller(battle_reports=Role.USER), Caller(CallerKind.ANONYMOUS), Caller(CallerKind.SESSION, is_super_admin=True)],
)
async def test_battles_are_shown_to_who_may_see_them(world: Database, who: Caller) -> None:
    body = await everything(world, who)
    assert [hit["id"] for hit in body["battles"]] == [BIG]
    assert [hit["killmailId"] for hit in body["killmails"]] == ["137202920"]


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "entities", Right(ANY_FEATURE, Role.USER, limit=SEARCH_AUTOCOMPLETE)),
        ("GET", "systems", Right(ANY_FEATURE, Role.USER, limit=SEARCH_AUTOCOMPLETE)),
        ("GET", "ships", Right(ANY_FEATURE, Role.USER, limit=SEARCH_AUTOCOMPLETE)),
        ("GET", "global", Right(ANY_FEATURE, Role.USER, limit=SEARCH_GLOBAL)),
        ("POST", "battles", Right("battle-reports", Role.USER, limit=SEARCH_ADVANCED)),
        ("POST", "killmails", Right("battle-reports", Role.USER, limit=SEARCH_ADVANCED)),
    ],
)
def test_each_kind_of_search_has_its_right_and_limit(method: str, path: str, right: Right) -> None:
    assert app.rights[method, f"/api/search/{path}"] == right


async def test_reads_need_no_login_on_one_machine(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/api/search/battles", json={})).status_code == 200
    assert (await client.get("/api/search/entities", params={"q": "pandemic"})).status_code == 200
