"""battle-api as tests meet it, and the desk at which somebody writes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import psycopg
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr

from battle_api.main import app
from battle_api.store import Connection, Store
from battlescope_events.publish import Recorder
from battlescope_events.wire import Message

TOKEN = "a-token-for-tests"
NOW = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)


@asynccontextmanager
async def served(database: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """The app as it stands in production, but for its clock and what it says, which a list takes."""
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, **options) as pool:
        app.state.store, app.state.publish = Store(pool), Recorder()
        app.state.clock, app.state.token = lambda: NOW, SecretStr(TOKEN)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://battle-api") as client:
            yield client


@dataclass
class Desk:
    """Where somebody writes: the API with the token, the database as battle-cluster has it, and what was said."""

    api: httpx2.AsyncClient
    owner: str

    def sql(self, statement: str, *given: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(statement, given)
            return cursor.fetchall() if cursor.description else []

    @property
    def said(self) -> list[Message]:
        return app.state.publish.messages

    @asynccontextmanager
    async def cluster(self, statement: str) -> AsyncGenerator[None]:
        """Stands in for battle-cluster: runs the statement again and again, as owner of the database."""

        async def work() -> None:
            async with await psycopg.AsyncConnection.connect(self.owner, autocommit=True) as connection:
                while True:
                    await connection.execute(statement)
                    await asyncio.sleep(0.02)

        task = asyncio.create_task(work())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def edit(self, battle: str, body: dict[str, Any], revision: int | None = 3, wait: int = 0) -> httpx2.Response:
        headers = {"prefer": f"wait={wait}"} | ({"if-match": f'"{revision}"'} if revision is not None else {})
        return await self.api.post(f"/api/battles/{battle}/edits", json=body, headers=headers)
