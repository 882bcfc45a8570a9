"""The composition of an HTTP function: routes, rights, conventions, health and the OpenAPI description."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property, partial
from importlib.resources import files
from typing import Any, Final, TypeVar
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.requests import HTTPConnection
from fastapi.responses import RedirectResponse, Response
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.edge.protection import EdgeProtection
from battlescope_events.health import health_routes
from battlescope_events.http_api.compression import Compression
from battlescope_events.http_api.description import Examples, complete
from battlescope_events.http_api.errors import ApiError, add_error_handlers, error_response
from battlescope_events.http_api.guard import GuardedDependencies, guard_of
from battlescope_events.http_api.middleware import HeadAsGet, RequestContext, RequestLimits
from battlescope_events.http_api.query_names import QueryNames, QueryNamesByEndpoint, Translate, unchanged
from battlescope_events.http_api.routing import (
    WEBSOCKET,
    AnyRouter,
    ApiRoute,
    LateRouter,
    Rights,
    api_routes,
    declared_rights,
    methods_of,
)
from battlescope_events.logs import configure
from battlescope_events.messages import EventType
from battlescope_events.server import stand_ins
from battlescope_events.server.garbage import begin_collecting
from battlescope_events.settings import RuntimeSettings

DEFAULT_MAX_BODY_BYTES: Final = 64 * 1024
DependenciesT = TypeVar("DependenciesT", bound=GuardedDependencies)
ExceptionHandler = Callable[[Request, Exception], Awaitable[Response]]


class ApiApp(FastAPI):
    """An HTTP function.

    emits: the event types that it publishes.
    routers: in the order in which requests look for their route.
    """

    emits: Sequence[EventType[Any]] = ()
    routers: Sequence[AnyRouter] = ()
    query_names: QueryNamesByEndpoint
    examples_of: str = ""

    @cached_property
    def rights(self) -> Rights:
        """What each route needs, by its path in the OpenAPI description."""
        return declared_rights(self.routers)

    @cached_property
    def operations(self) -> frozenset[tuple[str, str]]:
        """The methods of all routes, and their paths with the types of parameters (`{id:uuid}`)."""
        return frozenset(
            (method, route.path)
            for route in api_routes(self.routers)
            for method in methods_of(route)
            if method != WEBSOCKET
        )

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description, which states every answer of every route."""
        if not self.openapi_schema:
            document = _described_by_fastapi(self)
            self.openapi_schema = complete(document, read_examples(self.examples_of), self.rights)
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As Starlette does, without the telemetry that FastAPI adds to each request."""
        await Starlette.__call__(self, scope, receive, send)


def _described_by_fastapi(app: ApiApp) -> dict[str, Any]:
    routes = list(api_routes(app.routers))
    for route in routes:
        if isinstance(route, ApiRoute):
            route.prepare()
    stand_ins.remove(stand_ins.OPENAPI)
    from fastapi.openapi.utils import get_openapi  # noqa: PLC0415  # few processes describe themselves

    return get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        description=app.description,
        routes=routes,
    )


def api_app(
    title: str,
    routers: Sequence[AnyRouter],
    open_dependencies: Callable[[], AbstractAsyncContextManager[DependenciesT]],
    ready: Callable[[DependenciesT], Awaitable[Mapping[str, object] | None]],
    *,
    emits: Sequence[EventType[Any]] = (),
    outcomes: Mapping[type[Exception], ExceptionHandler] | None = None,
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    examples_of: str = "",
    translate_query: Translate = unchanged,
) -> ApiApp:
    """Compose the app.

    `open_dependencies` runs at startup, its clean-up at shutdown. `ready` raises `TransientError` for a dependency that
    does not answer, and returns what else the readiness answer shows. `outcomes` answer exceptions of the domain that
    are no errors. `examples_of` is the package whose `examples.json` has the real answers for the OpenAPI description.

    Raises:
        TypeError: as `routes_of`, and `ValueError`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        configure(RuntimeSettings())
        async with open_dependencies() as dependencies:
            app.state.dependencies = dependencies
            begin_collecting()
            yield

    async def is_ready() -> Mapping[str, object] | None:
        return await ready(app.state.dependencies)

    app = ApiApp(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # FastAPI's redirect takes its host from the request
        middleware=[
            Middleware(RequestContext),
            Middleware(EdgeProtection, origins_of=_origins_of, forbid=_forbid),
            Middleware(RequestLimits, max_body_bytes=max_body_bytes),
            Middleware(HeadAsGet),
            Middleware(QueryNames, translate=translate_query),
            Middleware(Compression),
        ],
    )
    app.examples_of = examples_of
    app.emits, app.routers = tuple(emits), tuple(routers)
    app.query_names = {}
    for router in routers:
        # Not by `include_router`, which prepares all routes of a router again and looks for a request's route twice.
        app.router.routes.extend([router] if isinstance(router, LateRouter) else api_routes([router]))
    for outcome, handler in (outcomes or {}).items():
        app.add_exception_handler(outcome, handler)
    add_error_handlers(app)
    app.routes[:0] = health_routes(is_ready)
    app.router.default = partial(_redirect_or_reject, app)
    return app


def _origins_of(connection: HTTPConnection) -> OriginPolicy:
    return guard_of(connection).origins


def _forbid(connection: HTTPConnection, message: str) -> Response:
    if connection.scope.get("method") != "OPTIONS":  # which asks before a request, and changes nothing
        guard_of(connection).record_denial(connection, "foreign_page")
    return error_response(connection, ApiError(403, message))


async def _redirect_or_reject(app: ApiApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a path with a slash too many to the one without; the Location is relative, so that no host is trusted.

    A path that ends with an empty id has no route of this method without the slash, and is 404.
    """
    path: str = scope["path"]
    shorter = {**scope, "path": path.rstrip("/")}
    if path.endswith("/") and any(route.matches(shorter)[0] is Match.FULL for route in app.routes):
        query = scope["query_string"].decode("latin-1")
        location = quote(shorter["path"]) + (f"?{query}" if query else "")
        await RedirectResponse(location, 307)(scope, receive, send)
        return
    raise ApiError(404, "There is nothing at this path.")


def read_examples(package: str) -> Examples:
    """The real answers of a package, by operation id and status; none without a package."""
    return json.loads((files(package) / "examples.json").read_text()) if package else {}
