"""The routes of killmails: the newest, and one by its id."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from battlescope_events.errors import TransientError
from battlescope_events.http_api import add_conventions
from battlescope_schemas.universe import SecurityType
from killmail_api.presenters import detail, summary
from killmail_api.schemas import Detail, Problem, Recent
from killmail_api.security_filter import SpaceType, kinds
from killmail_api.store import Store, Unavailable

LARGEST_ID: Final = 2**63 - 1
_CACHE: Final = "public, max-age=300"  # a kill never changes; its names and its battle may
OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
_TRACKED: Final = "Accepted for older clients: every kill that is kept has passed the ruleset."
router = APIRouter(prefix="/api/killmails", tags=["killmails"])


class KillmailQuery(BaseModel):
    """Query parameters. Both spellings of each are accepted, and values of both count."""

    model_config = ConfigDict(frozen=True)

    securityType: list[SecurityType] = []  # noqa: N815  # parameters are spelled as clients spell them
    security_type: list[SecurityType] = []
    spaceType: list[SpaceType] = []  # noqa: N815  # the parameter's own spelling
    space_type: list[SpaceType] = []
    trackedOnly: Annotated[bool, Field(description=_TRACKED)] = False  # noqa: N815  # as above
    tracked_only: Annotated[bool, Field(description=_TRACKED)] = False
    limit: Annotated[int, Field(ge=1, le=100)] = 50

    def kinds(self) -> tuple[SecurityType, ...]:
        return kinds([*self.securityType, *self.security_type], [*self.spaceType, *self.space_type])


def _store(request: Request) -> Store:
    return request.app.state.store


StoreOfRequest = Annotated[Store, Depends(_store)]


@asynccontextmanager
async def _translate_errors() -> AsyncGenerator[None]:
    try:
        yield
    except Unavailable as reason:
        raise TransientError(str(reason)) from reason


@router.get("/recent", responses={code: {"model": Problem} for code in (400, 503)})
async def recent(store: StoreOfRequest, wish: Annotated[KillmailQuery, Query()]) -> Recent:
    """The newest kills, by the time of the kill."""
    async with _translate_errors():
        rows = await store.recent(wish.kinds(), wish.limit)
    items = tuple(summary(row) for row in rows)
    return Recent(items=items, count=len(items))


@router.get("/{killmailId}", responses={code: {"model": Problem} for code in (400, 404, 503)})
async def one(
    store: StoreOfRequest,
    killmail_id: Annotated[int, Path(alias="killmailId", ge=1, le=LARGEST_ID)],
    response: Response,
) -> Detail:
    """One kill with everything known about it."""
    async with _translate_errors():
        row = await store.one(killmail_id)
    if row is None:
        raise HTTPException(404, f"There is no killmail {killmail_id} here.")
    response.headers["Cache-Control"] = _CACHE
    return detail(row)


def make_app(open_store: OpenStore) -> FastAPI:
    """The whole app; `open_store` opens what it reads from and closes it at the end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_store() as store:
            app.state.store = store
            yield

    async def ready() -> None:
        async with _translate_errors():
            await app.state.store.ready()

    app = FastAPI(title="killmail-api", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    add_conventions(app, ready=ready, invalid={RequestValidationError: _first})
    return app


def _first(error: Exception) -> str:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # the table above guarantees it
    fault: Any = error.errors()[0]
    return f"{fault['loc'][1]}: {fault['msg']}."
