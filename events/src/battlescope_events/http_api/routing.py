"""The router of HTTP functions: a route is prepared by its first request, or for the OpenAPI description.

FastAPI prepares the parameters and models of every route when it is declared, and those of included routers once more
with the first request: half of the start of a function with forty routes, of which a first request needs one.
"""

import re
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

from fastapi import APIRouter, Depends, params
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute, APIWebSocketRoute
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.convertors import Convertor
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from battlescope_events.http_api.query_names import check_query

AnyRoute = APIRoute | APIWebSocketRoute
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
    def path_regex(self) -> re.Pattern[str]:  # pyright: ignore[reportIncompatibleVariableOverride]  # set by `prepare`
        """What a path must match; no request asks the routes behind its own."""
        return compile_path(self.path)[0]

    @cached_property
    def param_convertors(self) -> dict[str, Convertor[Any]]:  # pyright: ignore[reportIncompatibleVariableOverride]  # as above
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
