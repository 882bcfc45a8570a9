"""The store on a fresh database of each test."""

from collections.abc import AsyncGenerator

import pytest
from psycopg_pool import AsyncConnectionPool

from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Connection, Database


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Database]:
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, max_size=6, **options) as pool:
        yield Database(pool, ProcessCache())
