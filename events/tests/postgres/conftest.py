"""A database with the tables of the mechanisms, and its function's way to it."""

from collections.abc import AsyncGenerator, Generator

import pytest
from pydantic import SecretStr

from battlescope_events.postgres.database import Database, open_pool
from battlescope_local.testing import databases as test_databases
from battlescope_local.testing.databases import Databases


@pytest.fixture
def url(databases: Databases) -> Generator[str]:
    clone = databases.clone("battlescope_battles")
    yield clone.owner
    databases.drop(clone)


@pytest.fixture
async def database(url: str) -> AsyncGenerator[Database]:
    async with open_pool(SecretStr(url), "test", max_size=4) as pool:
        yield Database(pool, "sample")


@pytest.fixture
async def other_process(url: str) -> AsyncGenerator[Database]:
    """The same database as another process sees it."""
    async with open_pool(SecretStr(url), "other", max_size=4) as pool:
        yield Database(pool, "sample")


@pytest.fixture
def empty(databases: Databases) -> Generator[test_databases.Database]:
    """A database of the battle context before its first migration."""
    empty = databases.empty("battlescope_battles")
    yield empty
    databases.drop(empty)
