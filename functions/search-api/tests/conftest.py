"""search-api over a small world of documents, on PostgreSQL, and on Typesense where TYPESENSE_URL names a server."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator

import httpx2
import postgres_index
import pytest
from search_documents import WORLD
from search_harness import running_app, typesense_engine, write_to_typesense

from battlescope_local.testing.databases import Database, Databases

ENGINES = ("postgres", "typesense")


@pytest.fixture(scope="session")
def world(databases: Databases) -> Iterator[Database]:
    """A database with the documents; nobody writes into it."""
    made = databases.clone("battlescope_search")
    postgres_index.write(made.owner, WORLD)
    yield made
    databases.drop(made)


@pytest.fixture(scope="session")
def typesense() -> tuple[str, str]:
    """Address and key of a Typesense that holds the same documents."""
    url = os.environ.get("TYPESENSE_URL")
    if not url:
        pytest.skip(
            "TYPESENSE_URL is not set: the same tests run on PostgreSQL, requests in test_typesense_requests.py"
        )
    key = os.environ.get("TYPESENSE_API_KEY", "")
    asyncio.run(write_to_typesense(url, key, WORLD))
    return url, key


@pytest.fixture
async def client(world: Database) -> AsyncGenerator[httpx2.AsyncClient]:
    async with running_app(world.url("search-api")) as client:
        yield client


@pytest.fixture(params=ENGINES)
async def search(request: pytest.FixtureRequest, world: Database) -> AsyncGenerator[httpx2.AsyncClient]:
    """The API on each engine."""
    if request.param == "postgres":
        async with running_app(world.url("search-api")) as client:
            yield client
        return
    url, key = request.getfixturevalue("typesense")
    async with typesense_engine(url, key) as engine, running_app(world.url("search-api"), engine) as client:
        yield client
