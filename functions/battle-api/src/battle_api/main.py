"""battle-api: serves battles over HTTP and accepts manual edits and reclustering jobs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg_pool import AsyncConnectionPool

from battle_api.domain.pagination import InvalidCursor
from battle_api.http.dependencies import BattleMerged, error_message, redirect_to_survivor
from battle_api.http.limits import BodyLimit
from battle_api.http.preconditions import InvalidPrecondition
from battle_api.http.query_aliases import QueryAliases
from battle_api.repositories.session import Connection, Database
from battle_api.routers import battles, configuration, edits, history, reclustering
from battle_api.settings import Settings
from battlescope_events.catalog import BATTLE_EDIT_REQUESTED, BATTLE_RECLUSTER_REQUESTED
from battlescope_events.http_api.conventions import add_conventions
from battlescope_events.http_client import Client
from battlescope_events.logs import configure
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import RuntimeSettings


class BattleApi(FastAPI):
    """The app; `emits` declares the event types that it publishes, as event functions do."""

    emits = (BATTLE_EDIT_REQUESTED, BATTLE_RECLUSTER_REQUESTED)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    configure(RuntimeSettings())
    settings = Settings()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    url = settings.database_url.get_secret_value()
    # No prepared statements: PostgreSQL plans each query with its values, so that unused filters cost nothing.
    options = {"prepare_threshold": None, "autocommit": True, "options": "-c statement_timeout=5s"}
    sizes: dict[str, Any] = {"min_size": 0, "max_size": 8, "timeout": 5, "open": False}
    async with (
        AsyncConnectionPool(url, connection_class=Connection, kwargs=options, **sizes) as pool,
        Client() as client,
    ):
        app.state.database = Database(pool)
        app.state.publish = BrokerPublisher(client, settings.k_sink)
        app.state.token = settings.development_token
        yield


async def ready() -> None:
    await app.state.database.ready()


def _validation_message(error: Exception) -> str:
    """The first validation error as one sentence that names the field."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # by FastAPI's handler table
    first = error.errors()[0]
    location = ".".join(map(str, first["loc"][1:]))
    message = f"{first['msg'].removeprefix('Value error, ')}."
    return f"{location}: {message}" if location else message


app = BattleApi(title="BattleScope battles", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
app.state.clock, app.state.new_id = lambda: datetime.now(UTC), uuid4
for routes in (battles, history, edits, reclustering, configuration):
    app.include_router(routes.router)
app.add_exception_handler(BattleMerged, redirect_to_survivor)
app.add_middleware(QueryAliases)
app.add_middleware(BodyLimit)
add_conventions(
    app,
    ready=ready,
    invalid={
        RequestValidationError: _validation_message,
        InvalidCursor: error_message,
        InvalidPrecondition: error_message,
    },
)
