"""The router of HTTP functions: a route is prepared by its first request, or for the OpenAPI description.

FastAPI prepares the parameters and models of every route when it is declared, and those of included routers once more
with the first request: half of the start of a function with forty routes, of which a first request needs one.
"""

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Depends, params
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute, APIWebSocketRoute
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.convertors import Convertor
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import Receive, Scope, Send

from battlescope_events.http_api.guard import PUBLIC_ROUTES, PublicCheck, Right, RightCheck
from battlescope_events.http_api.query_names import check_query

AnyRoute = APIRoute | APIWebSocketRoute
WEBSOCKET: Final = "WEBSOCKET"
Rights = Mapping[tuple[str, str], Right]
"""By method and path; the method of a WebSocket is WEBSOCKET."""
_MATCHED: Final = "battlescope.matched_route"
_TYPE_OF_PARAMETER: Final = re.compile(r":\w+(?=})")
_CHECK_QUERY: Final = Depends(check_query)


async def _of_app(connection: HTTPConnection) -> Any:
    return connection.app.state.dependencies


OF_APP: Final[Any] = Depends(_of_app)
"""How a route gets what it depends on: `deps: Annotated[Dependencies, OF_APP]`.

A function has one frozen dataclass of its dependencies. Its `main.py` opens them; a test sets
`app.state.dependencies`.
"""


class ApiRoute(APIRoute):
    """A route that knows its path, methods and right when it is declared, and the rest once it is prepared.

    Every route refuses parameters that it does not declare.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: set[str] | list[str] | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        **options: Any,
    ) -> None:
        """`options`: those of FastAPI's route."""
        self.path, self.endpoint = path, endpoint
        self.path_format = _TYPE_OF_PARAMETER.sub("", path)
        self.methods = {method.upper() for method in methods or ("GET",)}
        self.dependencies = list(dependencies or ())
        self._unprepared_options: dict[str, Any] | None = options

    @cached_property
    def path_regex(self) -> re.Pattern[str]:
        """What a path must match; no request asks the routes behind its own."""
        return compile_path(self.path)[0]

    @cached_property
    def param_convertors(self) -> dict[str, Convertor[Any]]:
        return compile_path(self.path)[2]

    def prepare(self) -> None:
        """Make what handles and describes requests; only the first call does."""
        options = self._unprepared_options
        if options is None:
            return
        declared = self.dependencies
        super().__init__(
            self.path, self.endpoint, methods=self.methods, dependencies=self.prepared_dependencies(), **options
        )
        self.dependencies = declared
        self._unprepared_options = None
        self._build_body_validators()

    def _build_body_validators(self) -> None:
        """Build them now: pydantic warns of the alias that FastAPI gives to a body, and FastAPI silences it no more."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
            for field in self.dependant.body_params:
                field.validate(None)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.prepare()
        await super().handle(scope, receive, send)

    def prepared_dependencies(self) -> list[params.Depends]:
        """What runs before the function of the route."""
        return [_CHECK_QUERY, *self.dependencies]


class ApiRouter(APIRouter):
    """A router of such routes; `dependencies` declare the right of all of them."""

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: Sequence[str] = (),
        dependencies: Sequence[params.Depends] = (),
        include_in_schema: bool = True,
        route_class: type[ApiRoute] = ApiRoute,
    ) -> None:
        super().__init__(
            prefix=prefix,
            tags=list(tags),
            dependencies=list(dependencies),
            include_in_schema=include_in_schema,
            route_class=route_class,
        )

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[params.Depends] | None = None,
    ) -> None:
        super().add_api_websocket_route(path, endpoint, name, dependencies=[_CHECK_QUERY, *(dependencies or ())])


class GuardedRoute(NamedTuple):
    """A route with the right that it declares; a public one has none."""

    route: AnyRoute
    right: Right | None


class LateRouter(BaseRoute):
    """A route that stands for those of the `router` in a module, which the first request for its paths imports.

    The modules of rare routes with their models are a third of what a function of its own imports at a cold start.
    """

    def __init__(self, module: str, *prefixes: str) -> None:
        """`prefixes`: the beginnings of the paths."""
        self._module, self._prefixes = module, prefixes

    @cached_property
    def guarded_routes(self) -> Sequence[GuardedRoute]:
        """The routes with their rights; the first use imports the module.

        Raises:
            ValueError: as `routes_of`, or a path begins with none of the prefixes, so that no request would reach it.
        """
        guarded = routes_of(import_module(self._module).router)
        for route, _ in guarded:
            if not route.path.startswith(self._prefixes):
                raise ValueError(f"The path {route.path} of {self._module} begins with none of {self._prefixes}.")
        return guarded

    @cached_property
    def routes(self) -> Sequence[AnyRoute]:
        """The routes; raises as `guarded_routes`."""
        return [route for route, _ in self.guarded_routes]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the app's own list of routes: the first that takes path and method, else the first that takes the path."""
        other_method: tuple[Match, Scope] = (Match.NONE, {})
        for route in self.routes if scope["path"].startswith(self._prefixes) else ():
            match, found = route.matches(scope)
            if match is Match.FULL:
                return match, {**found, _MATCHED: route}
            if match is Match.PARTIAL and not other_method[1]:
                other_method = match, {**found, _MATCHED: route}
        return other_method

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope[_MATCHED].handle(scope, receive, send)


AnyRouter = APIRouter | LateRouter


def late_routers(package: str, **prefixes: str | tuple[str, ...]) -> list[LateRouter]:
    """The routers of a package, by the names of their modules; `prefixes` are the beginnings of their paths."""
    return [
        LateRouter(f"{package}.{module}", *([beginning] if isinstance(beginning, str) else beginning))
        for module, beginning in prefixes.items()
    ]


def api_routes(routers: Iterable[AnyRouter]) -> Iterator[AnyRoute]:
    """The routes of all routers; imports the late ones.

    Raises:
        TypeError: as `routes_of`, and `ValueError`.
    """
    return (route for route, _ in _guarded_routes(routers))


def declared_rights(routers: Iterable[AnyRouter]) -> Rights:
    """The right of every route; a public one has none.

    Raises:
        TypeError: as `routes_of`, and `ValueError`.
    """
    return {
        (method, route.path_format): right
        for route, right in _guarded_routes(routers)
        if right is not None
        for method in methods_of(route)
    }


def _guarded_routes(routers: Iterable[AnyRouter]) -> Iterator[GuardedRoute]:
    for router in routers:
        yield from router.guarded_routes if isinstance(router, LateRouter) else routes_of(router)


def routes_of(router: APIRouter) -> list[GuardedRoute]:
    """The routes of a router with their rights.

    Raises:
        TypeError: the router contains something else than routes of its own.
        ValueError: a route declares no right, or more than one, or is public and not among `PUBLIC_ROUTES`.
    """
    routes: list[GuardedRoute] = []
    for route in router.routes:
        if not isinstance(route, ApiRoute | APIWebSocketRoute):
            raise TypeError(f"{route} cannot declare a right; add an API route to an ApiRouter.")
        routes.append(GuardedRoute(route, _declared_right(route)))
    return routes


def methods_of(route: AnyRoute) -> Collection[str]:
    return route.methods or () if isinstance(route, APIRoute) else (WEBSOCKET,)


def _declared_right(route: AnyRoute) -> Right | None:
    dependencies = [dependency.dependency for dependency in route.dependencies]
    checks = [dependency for dependency in dependencies if isinstance(dependency, RightCheck | PublicCheck)]
    if len(checks) != 1:
        raise ValueError(f"The route {route.path} declares {len(checks)} rights instead of one.")
    check = checks[0]
    if isinstance(check, RightCheck):
        return check.right
    if route.path not in PUBLIC_ROUTES:
        raise ValueError(f"The route {route.path} is public, and PUBLIC_ROUTES gives no reason for it.")
    return None
