"""The store on a fresh database of each test."""

from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr

from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.postgres.database import open_pool


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Database]:
    async with open_pool(SecretStr(database), "test", max_size=6) as pool:
        yield Database(pool, ProcessCache())
