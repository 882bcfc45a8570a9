"""The store on a fresh database of each test."""

import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from battle_cluster.memory import Memory
from battle_cluster.store import Connection, Store

sys.path.insert(0, str(Path(__file__).parent))  # for made_up_battles


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Store]:
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, max_size=6, **options) as pool:
        yield Store(pool, Memory())
