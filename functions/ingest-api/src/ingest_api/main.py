"""ingest-api: starts backfill jobs, manages rulesets, and reports the state of ingestion."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from httpx2 import AsyncClient, Timeout
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import RETENTION_DUE, VERIFICATION_REQUESTED
from battlescope_events.http_api.conventions import add_conventions
from battlescope_events.http_client import Client
from battlescope_events.logs import configure
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import RuntimeSettings
from ingest_api.clients.esi import EsiClient
from ingest_api.domain.retention_window import Limits
from ingest_api.http.limits import BodyLimit
from ingest_api.repositories.session import Connection, Database
from ingest_api.routers import jobs, maintenance, rulesets, statistics
from ingest_api.settings import Settings


class IngestApi(FastAPI):
    """The app; `emits` declares the event types that it publishes, as event functions do."""

    emits = (VERIFICATION_REQUESTED, RETENTION_DUE)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    configure(RuntimeSettings())
    settings = Settings()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    url = settings.database_url.get_secret_value()
    options = {"autocommit": True, "options": "-c statement_timeout=5s"}
    sizes: dict[str, Any] = {"min_size": 0, "max_size": 4, "timeout": 5, "open": False}
    async with (
        AsyncConnectionPool(url, connection_class=Connection, kwargs=options, **sizes) as pool,
        Client() as client,
        _esi_http_client(settings) as esi_http_client,
    ):
        app.state.database = Database(pool)
        app.state.publish = BrokerPublisher(client, settings.k_sink)
        app.state.storage = ObjectStorage(settings.bucket_access)
        app.state.esi = EsiClient(esi_http_client, settings.esi_url)
        app.state.token = settings.development_token
        app.state.limits = Limits(settings.data_retention_months, settings.backfill_max_days)
        yield


def _esi_http_client(settings: Settings) -> AsyncClient:
    """Loads the CA certificates, which takes 25 ms, only for an https URL."""
    headers = {"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"}
    return AsyncClient(headers=headers, timeout=Timeout(5), verify=settings.esi_url.startswith("https:"))


async def ready() -> None:
    await app.state.database.ready()


def _validation_message(error: Exception) -> str:
    """The first validation error as one sentence that names the field."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # by FastAPI's handler table
    first = error.errors()[0]
    location = ".".join(map(str, first["loc"][1:]))
    message = f"{first['msg'].removeprefix('Value error, ')}."
    return f"{location}: {message}" if location else message


app = IngestApi(title="BattleScope ingestion", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
app.state.clock, app.state.new_id = lambda: datetime.now(UTC), uuid4
for routes in (jobs, rulesets, maintenance, statistics):
    app.include_router(routes.router)
app.add_middleware(BodyLimit)
add_conventions(app, ready=ready, invalid={RequestValidationError: _validation_message})
