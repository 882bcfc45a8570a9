"""The HTTP routes: the most recent killmails, and one killmail by its id."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from battlescope_events.errors import TransientError
from battlescope_events.http_api.conventions import add_conventions
from battlescope_schemas.universe import SecurityType
from killmail_api.presenters import detail, summary
from killmail_api.schemas import Detail, Problem, Recent
from killmail_api.security_filter import SpaceType, selected_security_types
from killmail_api.store import KillmailRepository, Unavailable

MAX_KILLMAIL_ID: Final = 2**63 - 1
_CACHE_CONTROL: Final = "public, max-age=300"  # a killmail is immutable, but its names and its battle may change
OpenRepository = Callable[[], AbstractAsyncContextManager[KillmailRepository]]
_TRACKED_ONLY: Final = "Accepted for older clients, without effect: every stored killmail has passed the ruleset."
router = APIRouter(prefix="/api/killmails", tags=["killmails"])


class KillmailQuery(BaseModel):
    """Query parameters. Each has two accepted spellings; the values of both are combined."""

    model_config = ConfigDict(frozen=True)

    securityType: list[SecurityType] = []  # noqa: N815  # the spelling of the API
    security_type: list[SecurityType] = []
    spaceType: list[SpaceType] = []  # noqa: N815  # as above
    space_type: list[SpaceType] = []
    trackedOnly: Annotated[bool, Field(description=_TRACKED_ONLY)] = False  # noqa: N815  # as above
    tracked_only: Annotated[bool, Field(description=_TRACKED_ONLY)] = False
    limit: Annotated[int, Field(ge=1, le=100)] = 50

    def security_types(self) -> tuple[SecurityType, ...]:
        return selected_security_types([*self.securityType, *self.security_type], [*self.spaceType, *self.space_type])


def _repository(request: Request) -> KillmailRepository:
    return request.app.state.repository


Repository = Annotated[KillmailRepository, Depends(_repository)]


@asynccontextmanager
async def _translate_errors() -> AsyncGenerator[None]:
    try:
        yield
    except Unavailable as error:
        raise TransientError(str(error)) from error


@router.get("/recent", responses={code: {"model": Problem} for code in (400, 503)})
async def recent(repository: Repository, query: Annotated[KillmailQuery, Query()]) -> Recent:
    """The most recent killmails, by the time of the kill."""
    async with _translate_errors():
        rows = await repository.find_recent(query.security_types(), query.limit)
    items = tuple(summary(row) for row in rows)
    return Recent(items=items, count=len(items))


@router.get(
    "/{killmailId}",
    responses={code: {"model": Problem} for code in (400, 404, 503)},
    operation_id="one_api_killmails__killmailId__get",  # released: generated clients name their methods after it
)
async def killmail(
    repository: Repository,
    killmail_id: Annotated[int, Path(alias="killmailId", ge=1, le=MAX_KILLMAIL_ID)],
    response: Response,
) -> Detail:
    """One killmail with all its details."""
    async with _translate_errors():
        row = await repository.find(killmail_id)
    if row is None:
        raise HTTPException(404, f"There is no killmail {killmail_id}.")
    response.headers["Cache-Control"] = _CACHE_CONTROL
    return detail(row)


def make_app(open_repository: OpenRepository) -> FastAPI:
    """The ASGI app; it opens the repository at startup and closes it at shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_repository() as repository:
            app.state.repository = repository
            yield

    async def ready() -> None:
        async with _translate_errors():
            await app.state.repository.check_connection()

    app = FastAPI(title="killmail-api", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    add_conventions(app, ready=ready, invalid={RequestValidationError: _first_error})
    return app


def _first_error(error: Exception) -> str:
    """The first invalid parameter and its message."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # `make_app` registers it for no other type
    first: Any = error.errors()[0]
    return f"{first['loc'][1]}: {first['msg']}."
