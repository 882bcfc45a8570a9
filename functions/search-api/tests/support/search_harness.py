"""Runs search-api inside the test process, on either engine, with every answer checked against its description."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import uuid4

import httpx2
from pydantic import SecretStr
from search_documents import NOW, Documents

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.guard import Caller, Guard
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.typesense.connection import open_typesense
from battlescope_local.testing.http.http_contract import HttpContract, hook
from battlescope_schemas.search.documents import Collection
from battlescope_schemas.search.typesense_schema import collection_schema, document_json
from search_api.clients.typesense_client import TypesenseClient
from search_api.clients.typesense_engine import TypesenseEngine
from search_api.dependencies import Dependencies
from search_api.domain.engine import SearchEngine
from search_api.domain.engine_name import EngineName
from search_api.domain.search_figures import SearchFigures
from search_api.main import BROKER, CONNECTION_OPTIONS, app
from search_api.repositories.engine import PostgresEngine
from search_api.repositories.links import LinkRepository
from search_api.services.documents import DocumentSearch
from search_api.services.kept_regions import KeptRegions
from search_api.services.names import NameSearch

TOKEN: Final = "a-token-for-tests"
Engine = tuple[EngineName, SearchEngine | None]


class KnownCaller(OwnerGuard):
    """Lets one caller through, whatever the request proves."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(SecretStr(TOKEN), OriginPolicy())
        self._caller = caller

    async def check(self, right: Any, connection: Any) -> Caller:
        return self._caller


@asynccontextmanager
async def running_app(
    url: str, typesense: SearchEngine | None = None, guard: Guard | None = None
) -> AsyncGenerator[httpx2.AsyncClient]:
    """The production app on the database at `url`, with Typesense in front of it where there is one."""
    async with open_pool(SecretStr(url), "search-api", max_size=4, options=CONNECTION_OPTIONS) as pool:
        database = Database(pool, "search")
        app.state.dependencies = dependencies(database, typesense, guard)
        hooks = {"response": [hook(HttpContract(app.openapi()))]}
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://search-api", event_hooks=hooks
        ) as client:
            yield client


def dependencies(database: Database, typesense: SearchEngine | None = None, guard: Guard | None = None) -> Dependencies:
    in_database = PostgresEngine(database)
    engine = typesense or in_database
    regions = KeptRegions(engine, time.monotonic)
    names = NameSearch(engine, in_database if typesense else None, lambda: NOW, regions.current)
    return Dependencies(
        database=database,
        outbox=Outbox(database, BROKER),
        publish=RecordingPublisher(),
        guard=guard or OwnerGuard(SecretStr(TOKEN), OriginPolicy()),
        responses=ResponseCache(time.monotonic),
        figures=SearchFigures(),
        engine=engine,
        engine_name=EngineName.TYPESENSE if typesense else EngineName.POSTGRES,
        names=names,
        documents=DocumentSearch(engine, names, LinkRepository(database), lambda: NOW),
        clock=lambda: NOW,
        monotonic=time.monotonic,
        new_id=uuid4,
    )


def change_dependencies(**changes: Any) -> None:
    app.state.dependencies = replace(app.state.dependencies, **changes)


@asynccontextmanager
async def typesense_engine(url: str, api_key: str) -> AsyncGenerator[TypesenseEngine]:
    async with open_typesense(url, SecretStr(api_key)) as typesense:
        client = TypesenseClient(typesense)
        yield TypesenseEngine(client.multi_search, client.ready)


async def write_to_typesense(url: str, api_key: str, documents: Documents) -> None:
    """Create every collection again, behind its alias."""
    async with open_typesense(url, SecretStr(api_key)) as typesense:
        for collection in Collection:
            name = f"{collection}_{uuid4().hex}"
            await typesense.call(partial(_fill, collection=collection, name=name, documents=documents))


async def _fill(client: Any, *, collection: Collection, name: str, documents: Documents) -> None:
    await client.collections.create(collection_schema(collection, name))
    lines = [document_json(document) for document in documents.get(collection, ())]
    if lines:
        results = await client.collections[name].documents.import_(lines, {"action": "upsert"})
        assert all(result["success"] for result in results), results
    await client.aliases.upsert(collection.value, {"collection_name": name})
