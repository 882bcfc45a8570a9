"""A consumer on a database that each test finds empty."""

from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr
from search_builders import Consumer, empty

from battlescope_events.postgres.database import Database, open_pool
from battlescope_local.testing.databases import Database as Clone
from search_index.main import SERVER_OPTIONS


@pytest.fixture
async def store(module_database: Clone) -> AsyncGenerator[Database]:
    url = SecretStr(module_database.url("search-index"))
    async with open_pool(url, "test", max_size=8, options=SERVER_OPTIONS) as pool:
        database = Database(pool, "search")
        await empty(database)
        yield database


@pytest.fixture
async def consumer(store: Database) -> AsyncGenerator[Consumer]:
    consumer = Consumer(store)
    yield consumer
    await consumer.close()
