"""battle-cluster owns the tables and fills them, so tests arrange as its role and act as ours."""

import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from battle_close.store import Connection, Store
from battlescope_local.testing.databases import Database

sys.path.insert(0, str(Path(__file__).parent))  # for seeded
from seeded import Seeded  # found by the line above


@pytest.fixture
def seeded(clone: Database) -> Iterator[Seeded]:
    with psycopg.connect(clone.owner, autocommit=True) as connection:
        yield Seeded(connection)


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Store]:
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, max_size=4, **options) as pool:
        yield Store(pool)
