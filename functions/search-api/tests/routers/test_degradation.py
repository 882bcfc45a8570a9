"""Typesense does not answer: names come from the database and the answer says so, the rest is 503."""

from collections.abc import AsyncGenerator
from typing import Final

import httpx2
import pytest
from search_harness import TOKEN, running_app, typesense_engine

from battlescope_local.testing.databases import Database

pytestmark = pytest.mark.postgres
NOWHERE: Final = "http://127.0.0.1:9"


@pytest.fixture
async def degraded(world: Database) -> AsyncGenerator[httpx2.AsyncClient]:
    async with typesense_engine(NOWHERE, "key") as engine, running_app(world.url("search-api"), engine) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "q", "kind", "name"),
    [
        ("entities", "pandmic", "alliances", "Pandemic Horde"),
        ("systems", "hedgp", "systems", "HED-GP"),
        ("ships", "revel", "ships", "Revelation"),
    ],
)
async def test_names_come_from_the_database(
    degraded: httpx2.AsyncClient, path: str, q: str, kind: str, name: str
) -> None:
    response = await degraded.get(f"/api/search/{path}", params={"q": q})
    body = response.json()
    assert (body["status"], body[kind][0]["name"]) == ("degraded", name)
    assert response.headers["cache-control"] == "private, max-age=0"


@pytest.mark.parametrize("path", ["battles", "killmails"])
@pytest.mark.parametrize("body", [{}, {"query": "pandemic"}, {"query": "137202920"}])
async def test_battles_and_killmails_are_503(degraded: httpx2.AsyncClient, path: str, body: dict[str, str]) -> None:
    response = await degraded.post(f"/api/search/{path}", json=body)
    assert response.status_code == 503
    assert response.json()["error"] == "ServiceUnavailable"


@pytest.mark.parametrize("q", ["pandemic", "https://zkillboard.com/kill/137202920/"])
async def test_everything_else_is_shown_without_battles(degraded: httpx2.AsyncClient, q: str) -> None:
    body = (await degraded.get("/api/search/global", params={"q": q})).json()
    assert (body["status"], body["battles"], body["killmails"]) == ("degraded", None, None)
    assert len(body["entities"]["alliances"]) == (2 if q == "pandemic" else 0)


async def test_health_says_that_the_engine_is_away(degraded: httpx2.AsyncClient) -> None:
    assert (await degraded.get("/health/search")).json() == {"status": "degraded", "engine": "typesense"}


async def test_health_names_the_engine(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/health/search")).json() == {"status": "healthy", "engine": "postgres"}


async def test_stats_tell_what_the_database_answered_and_what_failed(degraded: httpx2.AsyncClient) -> None:
    await degraded.get("/api/search/ships", params={"q": "revel"})
    await degraded.post("/api/search/battles", json={})
    degraded.headers["authorization"] = f"Bearer {TOKEN}"
    searches = (await degraded.get("/api/admin/search/stats")).json()["searches"]
    assert [(row["operation"], row["engine"], row["counts"]["found"], row["counts"]["failed"]) for row in searches] == [
        ("battles", "typesense", 0, 1),
        ("ships", "postgres", 1, 0),
    ]
