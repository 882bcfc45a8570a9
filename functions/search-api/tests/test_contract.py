"""What the description declares is answered, and what is answered is declared: every answer of every operation."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from pydantic import SecretStr
from search_documents import BIG
from search_harness import TOKEN, dependencies

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.postgres.database import Database as OpenDatabase
from battlescope_events.postgres.database import open_pool
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.http.http_contract import (
    assert_complete,
    contract_client,
    provoke_common_answers,
    repeat_with_etag,
)
from search_api.main import app

pytestmark = pytest.mark.postgres
REINDEX = "/api/admin/search/reindex"
JOB = UUID("00000000-0000-0000-0000-00000000000a")
QUERIES = {
    "/api/search/entities": "?q=horde",
    "/api/search/systems": "?q=hedgp",
    "/api/search/ships": "?q=revel",
    "/api/search/global": "?q=pandmic",
}


async def search(client: httpx2.AsyncClient) -> None:
    await client.post("/api/search/battles", json={"query": "horde", "filters": {"ids": [BIG]}})
    await client.post("/api/search/killmails", json={"query": "vily", "page": {"limit": 1, "offset": 1}})


async def reindex(client: httpx2.AsyncClient, owner: str) -> None:
    """Request, refuse and cancel a job in every way."""
    await client.post(REINDEX, json={"author": "Ann"})
    await client.post(REINDEX)
    await client.post(f"{REINDEX}/{JOB}/cancel", json={"author": "Ann"})
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("UPDATE reindex_jobs SET status = 'completed'")
    await client.post(f"{REINDEX}/{JOB}/cancel")
    await client.post(f"{REINDEX}/{uuid4()}/cancel")
    await client.get(f"{REINDEX}/{uuid4()}")


async def test_every_declared_answer_is_given_and_every_given_answer_is_declared(
    databases: Databases, world: Database
) -> None:
    database = databases.clone(world)
    guard = OwnerGuard(SecretStr(TOKEN), OriginPolicy())

    def set_guard(other: Any) -> None:
        app.state.dependencies = replace(app.state.dependencies, guard=other)

    async with (
        open_pool(SecretStr(database.url("search-api")), "search-api", max_size=2) as pool,
        contract_client(app, TOKEN) as (contract, client),
    ):
        others = dependencies(OpenDatabase(pool, "search"), guard=guard)
        app.state.dependencies = replace(others, new_id=lambda: JOB, monotonic=lambda: 0.0)
        await search(client)
        await reindex(client, database.owner)
        urls = {path: path.format(job_id=JOB) + QUERIES.get(path, "") for path in app.openapi()["paths"]}
        await repeat_with_etag(contract, client, urls)
        await provoke_common_answers(contract, client, set_guard, guard)
    databases.drop(database)
    assert_complete(contract, "search_api")
