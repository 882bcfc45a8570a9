"""Runs battle-api inside the test process, and gives tests access to its API, database and published events."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_urlsafe
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
from pydantic import SecretStr

from battle_api.dependencies import Dependencies
from battle_api.domain.shares import PublicShares, Sharing
from battle_api.main import BROKER, CONNECTION_OPTIONS, app
from battle_api.services.card_images import CardImages
from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.http.http_contract import HttpContract, hook

APPLY = "UPDATE battle_edits SET applied_version = version WHERE applied_version < version"
APPLY_WITH_REVISION = """
WITH applied AS (
    UPDATE battle_edits SET applied_version = version WHERE applied_version < version RETURNING battle_id
)
UPDATE battles SET revision = revision + 1 WHERE id IN (SELECT battle_id FROM applied)
"""
COMPLETE_JOBS = "UPDATE reclustering_jobs SET status = 'completed', completed_at = now() WHERE status = 'pending'"
TOKEN = "a-token-for-tests"
NOW = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)


@asynccontextmanager
async def running_app(url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """The production app, except for a fixed clock and a publisher that records events; every answer is checked."""
    async with open_pool(SecretStr(url), "battle-api", max_size=8, options=CONNECTION_OPTIONS) as pool:
        database = Database(pool, "battle")
        app.state.dependencies = Dependencies(
            database=database,
            outbox=Outbox(database, BROKER),
            publish=RecordingPublisher(),
            guard=OwnerGuard(SecretStr(TOKEN), OriginPolicy()),
            responses=ResponseCache(time.monotonic),  # without a subscription it keeps nothing
            cards=CardImages(database),
            sharing=Sharing(PublicShares.CARD, "https://battles.example"),
            clock=lambda: NOW,
            new_id=uuid4,
            new_token=lambda: token_urlsafe(16),
        )
        transport = httpx2.ASGITransport(app)
        hooks = {"response": [hook(HttpContract(app.openapi()))]}
        async with httpx2.AsyncClient(transport=transport, base_url="http://battle-api", event_hooks=hooks) as client:
            yield client


def change_dependencies(**changes: Any) -> None:
    app.state.dependencies = replace(app.state.dependencies, **changes)


@dataclass
class ApiHarness:
    """An API client with the token, the database as its owner battle-cluster, and the published events."""

    api: httpx2.AsyncClient
    owner: str

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    @property
    def published(self) -> list[Message]:
        return app.state.dependencies.publish.messages

    @asynccontextmanager
    async def cluster(self, statement: str) -> AsyncGenerator[None]:
        """Simulates battle-cluster: executes the statement repeatedly, as owner of the database."""

        async def execute_repeatedly() -> None:
            async with await psycopg.AsyncConnection.connect(self.owner, autocommit=True) as connection:
                while True:
                    await connection.execute(statement)
                    await asyncio.sleep(0.02)

        task = asyncio.create_task(execute_repeatedly())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def edit(self, battle: str, body: dict[str, Any], revision: int | None = 3, wait: int = 0) -> httpx2.Response:
        headers = {"prefer": f"wait={wait}"} | ({"if-match": f'"{revision}"'} if revision is not None else {})
        return await self.api.post(f"/api/battles/{battle}/edits", json=body, headers=headers)


@contextmanager
def simulated_battle_cluster(owner: str) -> Generator[None]:
    """Applies edits and completes jobs in a thread until the block ends, without new revisions of battles."""
    ended = Event()

    def work() -> None:
        with psycopg.connect(owner, autocommit=True) as connection:
            while not ended.wait(0.02):
                connection.execute(APPLY)
                connection.execute(COMPLETE_JOBS)

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def assert_error(response: httpx2.Response, status: int, message: str) -> None:
    """The response is this error, and its message contains the text."""
    assert response.status_code == status, response.text
    assert message in response.json()["message"]
