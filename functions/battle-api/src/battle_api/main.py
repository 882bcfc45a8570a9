"""battle-api: serves battles over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg_pool import AsyncConnectionPool

from battle_api.api import Moved, moved, refused_cursor, router
from battle_api.cursor import BadCursor
from battle_api.settings import Settings
from battle_api.spelling import Spelling
from battle_api.store import Connection, Store
from battlescope_events.api import add_conventions
from battlescope_events.logs import configure
from battlescope_events.settings import surroundings


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    configure(surroundings())
    url = Settings().database_url.get_secret_value()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    # Statements are planned with their values (no prepared generic plans): a filter not given must cost nothing.
    options = {"prepare_threshold": None, "autocommit": True, "options": "-c statement_timeout=5s"}
    sizes: dict[str, Any] = {"min_size": 0, "max_size": 8, "timeout": 5, "open": False}
    async with AsyncConnectionPool(url, connection_class=Connection, kwargs=options, **sizes) as pool:
        app.state.store = Store(pool)
        yield


async def ready() -> None:
    await app.state.store.ready()


def _invalid(error: Exception) -> str:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # the table of handlers guarantees it
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}."


app = FastAPI(title="BattleScope battles", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
app.state.clock = lambda: datetime.now(UTC)
app.include_router(router)
app.add_exception_handler(Moved, moved)
app.add_middleware(Spelling)
add_conventions(app, ready=ready, invalid={RequestValidationError: _invalid, BadCursor: refused_cursor})
