"""A database with an index of its own for each test that changes it."""

from collections.abc import AsyncGenerator

import pytest

from battlescope_local.testing.databases import Database, Databases


@pytest.fixture
async def database(databases: Databases, world: Database) -> AsyncGenerator[Database]:
    made = databases.clone(world)
    yield made
    databases.drop(made)
