"""The composition of an HTTP function: routes, rights, conventions, health and the OpenAPI description."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeVar

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from battlescope_events.health import health_routes
from battlescope_events.http_api.errors import COMMON_RESPONSES, add_error_handlers
from battlescope_events.http_api.guard import GuardedDependencies, Right, RightCheck
from battlescope_events.http_api.middleware import HeadAsGet, RequestContext, RequestLimits
from battlescope_events.http_api.query_names import QueryNames, Translate, unchanged
from battlescope_events.logs import configure
from battlescope_events.messages import EventType
from battlescope_events.settings import RuntimeSettings

DEFAULT_MAX_BODY_BYTES: Final = 64 * 1024
DependenciesT = TypeVar("DependenciesT", bound=GuardedDependencies)
ExceptionHandler = Callable[[Request, Exception], Awaitable[Response]]
Rights = Mapping[tuple[str, str], Right]  # by method and path


class ApiApp(FastAPI):
    """An HTTP function: `emits` are the event types that it publishes, `rights` what each of its routes needs."""

    emits: Sequence[EventType[Any]] = ()
    rights: Rights


def api_app(
    title: str,
    routers: Sequence[APIRouter],
    open_dependencies: Callable[[], AbstractAsyncContextManager[DependenciesT]],
    ready: Callable[[DependenciesT], Awaitable[Mapping[str, object] | None]],
    *,
    emits: Sequence[EventType[Any]] = (),
    outcomes: Mapping[type[Exception], ExceptionHandler] | None = None,
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    translate_query: Translate = unchanged,
) -> ApiApp:
    """Compose the app.

    `open_dependencies` runs at startup, its clean-up at shutdown. `ready` raises `TransientError` for a dependency that
    does not answer, and returns what else the readiness answer shows. `outcomes` answer exceptions of the domain that
    are no errors.

    Raises:
        TypeError: as `declared_rights`, and `ValueError`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        configure(RuntimeSettings())
        async with open_dependencies() as dependencies:
            app.state.dependencies = dependencies
            yield

    async def is_ready() -> Mapping[str, object] | None:
        return await ready(app.state.dependencies)

    app = ApiApp(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=COMMON_RESPONSES,
        middleware=[
            Middleware(RequestContext),
            Middleware(RequestLimits, max_body_bytes=max_body_bytes),
            Middleware(HeadAsGet),
            Middleware(QueryNames, translate=translate_query),
        ],
    )
    app.emits, app.rights = tuple(emits), declared_rights(routers)
    for router in routers:
        app.include_router(router)
    for outcome, handler in (outcomes or {}).items():
        app.add_exception_handler(outcome, handler)
    add_error_handlers(app)
    app.routes[:0] = health_routes(is_ready)
    return app


def declared_rights(routers: Sequence[APIRouter]) -> Rights:
    """The right of every route.

    Raises:
        TypeError: a router contains something else than routes of its own.
        ValueError: a route declares no right, or more than one.
    """
    rights: dict[tuple[str, str], Right] = {}
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise TypeError(f"{route} cannot declare a right; add an API route to the router.")
            checks = [d.dependency.right for d in route.dependencies if isinstance(d.dependency, RightCheck)]
            if len(checks) != 1:
                raise ValueError(f"The route {route.path} declares {len(checks)} rights instead of one.")
            rights.update({(method, route.path): checks[0] for method in route.methods or ()})
    return rights
