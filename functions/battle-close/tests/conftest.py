"""battle-cluster owns the tables and fills them, so tests arrange as its role and act as ours."""

from collections.abc import AsyncGenerator, Iterator

import psycopg
import pytest
from battle_seeder import BattleSeeder
from psycopg_pool import AsyncConnectionPool

from battle_close.store import Connection, Database
from battlescope_local.testing.databases import Database as Clone


@pytest.fixture
def seeded(clone: Clone) -> Iterator[BattleSeeder]:
    with psycopg.connect(clone.owner, autocommit=True) as connection:
        yield BattleSeeder(connection)


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Database]:
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, max_size=4, **options) as pool:
        yield Database(pool)
