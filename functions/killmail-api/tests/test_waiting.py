"""More reads at once than the function has connections, on a real database that answers late."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest

from killmail_api import main

pytestmark = pytest.mark.postgres
COUNT_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'enriched_killmails'::regclass"
POOL_SECONDS = 1.0


@pytest.fixture(autouse=True)
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(main, "POOL_TIMEOUT_SECONDS", POOL_SECONDS)
    monkeypatch.setattr(main, "CONNECTION_OPTIONS", "")  # a busy machine may hold the lock longer than a statement


@asynccontextmanager
async def open_client() -> AsyncGenerator[httpx2.AsyncClient]:
    async with main.open_dependencies() as dependencies:
        main.app.state.dependencies = dependencies
        async with AsyncExitStack() as connections:
            for _ in range(main.MAX_CONNECTIONS):  # the pool opens them one after the other
                await connections.enter_async_context(dependencies.database.connection())
        transport = httpx2.ASGITransport(main.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
            yield client


async def read_while_the_database_is_late(rows: Any) -> list[httpx2.Response]:
    """300 reads, which the database answers once the pool has waited twice as long as it does for a connection."""
    rows.insert_killmail(1)
    paths = ("/api/killmails/recent?limit=1", "/api/killmails/1")
    async with open_client() as client:
        await client.get(paths[0])  # imports the routes
        with rows.connection.transaction():
            rows.connection.execute("LOCK TABLE enriched_killmails IN ACCESS EXCLUSIVE MODE")
            reads = [asyncio.create_task(client.get(paths[number % 2])) for number in range(300)]
            while rows.connection.execute(COUNT_WAITING).fetchone()[0] < main.MAX_CONNECTIONS:
                await asyncio.sleep(0.01)
            await asyncio.sleep(2 * POOL_SECONDS)
        return await asyncio.gather(*reads)


async def test_reads_wait_for_a_late_database(rows: Any) -> None:
    responses = await read_while_the_database_is_late(rows)
    assert [response.status_code for response in responses] == [200] * 300


async def test_reads_beyond_the_bound_are_told_when_to_come_back(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "MAX_WAITING", 50)
    responses = await read_while_the_database_is_late(rows)
    refused = [response for response in responses if response.status_code == 503]
    assert len(refused) == 300 - 50 - main.MAX_CONNECTIONS
    assert {response.headers["retry-after"] for response in refused} == {"5"}
    assert {response.status_code for response in responses} == {200, 503}
