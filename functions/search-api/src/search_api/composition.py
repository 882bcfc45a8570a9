"""Opens the search engine of the settings."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from battlescope_events.postgres.database import Database
from battlescope_events.typesense.connection import open_typesense
from battlescope_events.typesense.settings import Engine, SearchEngineSettings
from search_api.clients.typesense_client import TypesenseClient
from search_api.clients.typesense_engine import TypesenseEngine
from search_api.domain.engine import SearchEngine
from search_api.repositories.engine import PostgresEngine


@asynccontextmanager
async def open_engine(
    settings: SearchEngineSettings, database: Database
) -> AsyncGenerator[tuple[SearchEngine, SearchEngine | None]]:
    """The engine, and what stands in for names while it does not answer; the database needs no such."""
    in_database = PostgresEngine(database)
    if settings.search_engine is Engine.POSTGRES:
        yield in_database, None
        return
    async with open_typesense(settings.typesense_url, settings.typesense_api_key) as typesense:
        client = TypesenseClient(typesense)
        yield TypesenseEngine(client.multi_search, client.ready), in_database
