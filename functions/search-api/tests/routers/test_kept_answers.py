"""Answers are kept until something changes that searches may find, and nobody gets what another one may see."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import httpx2
import psycopg
import pytest
from pydantic import SecretStr
from search_documents import BIG, HORDE
from search_harness import TOKEN, KnownCaller, change_dependencies, running_app

from battlescope_events.http_api.guard import Caller, CallerKind, Role
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_events.postgres.notifications import notifications
from battlescope_local.testing.databases import Database
from search_api.main import CHANGES, app

pytestmark = pytest.mark.postgres
ENTITIES = "/api/search/entities"
STATS = "/api/admin/search/stats"


@pytest.fixture
async def keeping(database: Database) -> AsyncGenerator[httpx2.AsyncClient]:
    """The app with kept answers that follow the changes of its database."""
    responses = ResponseCache(time.monotonic)
    url = database.url("search-api")
    async with running_app(url) as client, notifications(SecretStr(url), CHANGES, "test", responses):
        change_dependencies(responses=responses)
        client.headers["authorization"] = f"Bearer {TOKEN}"

        async def is_kept() -> bool:
            await client.get(ENTITIES, params={"q": "subscribed"})
            return bool(kept(await client.get(STATS)))

        await until(is_kept)
        yield client


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # what is awaited is a state of the app
            await asyncio.sleep(0.02)


def kept(stats: httpx2.Response) -> int:
    return sum(row["counts"]["kept"] for row in stats.json()["searches"])


def change(database: Database, statement: str) -> None:
    with psycopg.connect(database.owner, autocommit=True) as connection:
        connection.execute(statement.encode())


async def battles(client: httpx2.AsyncClient, **body: Any) -> list[str]:
    response = await client.post("/api/search/battles", json=body)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return [hit["id"] for hit in response.json()["hits"]]


async def test_equal_searches_are_one_until_something_changes(keeping: httpx2.AsyncClient, database: Database) -> None:
    before = kept(await keeping.get(STATS))
    first = await battles(keeping, query="horde")
    assert await battles(keeping, query="horde") == first
    assert kept(await keeping.get(STATS)) == before + 1
    change(database, f"DELETE FROM battle_documents WHERE battle_id = '{BIG}'")

    async def is_gone() -> bool:
        return BIG not in await battles(keeping, query="horde")

    await until(is_gone)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE killmails SET total_value = 1",
        "DELETE FROM killmails",
        "UPDATE battle_documents SET status = 'historical'",
        "UPDATE entities SET battle_count = battle_count + 1",
        "DELETE FROM engine_queue",
    ],
)
async def test_every_change_of_what_is_found_drops_kept_answers(
    keeping: httpx2.AsyncClient, database: Database, statement: str
) -> None:
    change(database, statement)

    async def is_dropped() -> bool:
        before = kept(await keeping.get(STATS))
        await keeping.get(ENTITIES, params={"q": "subscribed"})
        return kept(await keeping.get(STATS)) == before

    await until(is_dropped)


async def test_filters_and_pages_are_searches_of_their_own(keeping: httpx2.AsyncClient) -> None:
    assert len(await battles(keeping, page={"limit": 1})) == 1
    assert len(await battles(keeping, page={"limit": 2})) == 2
    assert await battles(keeping, filters={"allianceIds": [str(HORDE)]}) != await battles(
        keeping, filters={"allianceIds": ["1"]}
    )


async def test_kept_answer_of_one_caller_does_not_show_battles_to_another(keeping: httpx2.AsyncClient) -> None:
    async def found(**roles: int) -> int:
        caller = Caller(CallerKind.SESSION, roles={name.replace("_", "-"): rank for name, rank in roles.items()})
        change_dependencies(guard=KnownCaller(caller))
        return len((await keeping.get("/api/search/global", params={"q": "pandemic"})).json()["battles"])

    assert await found(battle_reports=Role.USER) > 0
    assert await found(battle_intel=Role.USER) == 0
    assert await found(battle_reports=Role.USER) > 0


async def test_stats_count_searches_by_how_they_end(keeping: httpx2.AsyncClient) -> None:
    await keeping.get("/api/search/ships", params={"q": "revel"})
    await keeping.get("/api/search/ships", params={"q": "zzzzzz"})
    (ships,) = [row for row in (await keeping.get(STATS)).json()["searches"] if row["operation"] == "ships"]
    assert (ships["engine"], ships["counts"]) == ("postgres", {"found": 1, "empty": 1, "kept": 0, "failed": 0})
    assert 0 <= ships["p50Ms"] <= ships["p95Ms"] <= ships["p99Ms"]
    assert app.state.dependencies.figures.report()
