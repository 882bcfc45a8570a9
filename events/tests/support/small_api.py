"""A small HTTP function with one route for each convention."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from fastapi import Body, Header, Query, Request, WebSocket
from fastapi.responses import Response
from pydantic import BaseModel, Field, SecretStr

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.access.streams import EventStream, guarded_websocket
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.errors import OverloadedError, PermanentError, TransientError
from battlescope_events.http_api.app import ApiApp, api_app
from battlescope_events.http_api.conditional import check_if_match, quoted, require_if_match
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import Guard, Right, Role, requires
from battlescope_events.http_api.pagination import CursorFormat, page_of
from battlescope_events.http_api.request_types import (
    WHOLE_NUMBER,
    CursorText,
    Flag,
    JsonFlag,
    QueryId,
    RequestBody,
    RequestTime,
    SingleLine,
)
from battlescope_events.http_api.responses import cacheable_response, current_response, uncached_response
from battlescope_events.http_api.routing import OF_APP, AnyRouter, ApiRouter
from battlescope_schemas.base import Schema

TOKEN: Final = "a-token-for-tests"
MAX_BODY_BYTES: Final = 1024
READ: Final = requires(Right("sample", Role.USER))
WRITE: Final = requires(Right("sample", Role.FC, writes=True))
BY_TIME: Final = CursorFormat("time:desc", tuple[RequestTime, UUID])
BY_NUMBER: Final = CursorFormat("number", tuple[int])
BY_ISK: Final = CursorFormat("isk", tuple[Annotated[Decimal, Field(ge=0, allow_inf_nan=False)], int])


@dataclass
class Dependencies:
    guard: Guard = field(default_factory=lambda: OwnerGuard(SecretStr(TOKEN), OriginPolicy()))
    is_ready: bool = True
    revision: int = 7


class Note(Schema):
    text: str
    revision: int


class NewNote(RequestBody):
    text: Annotated[str, Field(max_length=20)]
    lines: Sequence[Annotated[int, Field(ge=0)]] = ()
    title: SingleLine = "untitled"
    pinned: JsonFlag = False


class Numbers(Schema):
    items: list[int]
    next_cursor: str | None


class NumberQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=10), WHOLE_NUMBER] = 3
    cursor: CursorText | None = None
    least_value: Annotated[int, WHOLE_NUMBER] = 0
    name: str | None = None
    since: RequestTime | None = None
    system_id: Annotated[list[QueryId], Field(max_length=3)] = []
    exact: Flag = False


class Moved(Exception):
    pass


FAILURES: Final[Mapping[str, Exception]] = {
    **{str(status): ApiError(status, "A reason.") for status in (400, 401, 403, 404, 409, 410, 412, 428, 500, 503)},
    "limited": ApiError(429, "Too many requests.", retry_after=30),
    "sessions": ApiError(503, "Sessions cannot be checked now.", error="sessions-unavailable"),
    "store": TransientError("PostgreSQL at secret-host does not answer."),
    "overload": OverloadedError("500 requests wait at secret-host already."),
    "data": PermanentError("invalid byte sequence in secret-table"),
    "bug": KeyError("password=hunter2"),
    "moved": Moved(),
}
Deps = Annotated[Dependencies, OF_APP]
IfMatch = Annotated[str | None, Header()]
router = ApiRouter(prefix="/api/sample")


@router.get("/failures/{name}", dependencies=[READ])
async def fail(name: str) -> None:
    raise FAILURES[name]


@router.get("/note", response_model=Note, dependencies=[READ])
async def get_note(request: Request, deps: Deps) -> Response:
    return cacheable_response(request, Note(text="x", revision=deps.revision), 60)


@router.put(
    "/note",
    response_model=Note,
    dependencies=[WRITE],
    responses={412: problem("The note has changed."), 428: problem("The header If-Match is missing.")},
)
async def put_note(note: Annotated[NewNote, Body()], deps: Deps, if_match: IfMatch = None) -> Response:
    seen = require_if_match(if_match, "A change needs the header If-Match.")
    check_if_match(seen, quoted(deps.revision), f"The note is at revision {deps.revision}.")
    return uncached_response(Note(text=note.text, revision=deps.revision), etag=quoted(deps.revision))


@router.post(
    "/note",
    response_model=Note,
    status_code=201,
    dependencies=[WRITE],
    responses={412: problem("The note has changed.")},
)
async def post_note(note: Annotated[NewNote, Body()], deps: Deps, if_match: IfMatch = None) -> Response:
    check_if_match(if_match, quoted(deps.revision), f"The note is at revision {deps.revision}.")
    return uncached_response(Note(text=note.text, revision=deps.revision), 201, retry_count="1")


@router.get("/numbers", response_model=Numbers, dependencies=[READ])
async def get_numbers(request: Request, query: Annotated[NumberQuery, Query()]) -> Response:
    after = BY_NUMBER.decode(query.cursor)
    first = max(query.least_value, after[0] + 1 if after else 0)
    rows, has_more = page_of(range(first, min(first + query.limit + 1, 10)), query.limit)
    cursor = BY_NUMBER.encode(rows[-1]) if has_more else None
    return current_response(request, Numbers(items=list(rows), next_cursor=cursor))


@router.get("/cursors/{order}", dependencies=[READ])
async def get_position(order: str, cursor: CursorText) -> list[str]:
    return [str(value) for value in (BY_TIME if order == "time" else BY_ISK).decode(cursor) or ()]


@router.get("/stream", dependencies=[READ], response_class=EventStream)
async def stream() -> EventStream:
    async def numbers() -> AsyncGenerator[str]:
        for number in itertools.count():
            yield f"data: {number}\n\n"
            await asyncio.sleep(0.02)

    return EventStream(numbers())


@router.websocket("/socket", dependencies=[READ])
async def socket(websocket: WebSocket) -> None:
    async with guarded_websocket(websocket):
        while True:
            await websocket.send_text(await websocket.receive_text())


async def redirect(_: Request, error: Exception) -> Response:
    assert isinstance(error, Moved)
    return Response(status_code=308, headers={"location": "/api/sample/note"})


async def ready(dependencies: Dependencies) -> None:
    if not dependencies.is_ready:
        raise TransientError("The database does not answer.")


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    yield Dependencies()


def translate(name: str, value: str) -> Iterable[tuple[str, str]]:
    return (({"minimum": "least_value"}.get(name, name), value),)


def make_app(dependencies: Dependencies | None = None, routers: Sequence[AnyRouter] = (router,)) -> ApiApp:
    app = api_app(
        "sample",
        routers,
        open_dependencies,
        ready,
        outcomes={Moved: redirect},
        max_body_bytes=MAX_BODY_BYTES,
        translate_query=translate,
    )
    app.state.dependencies = dependencies or Dependencies()
    return app


app = make_app()
