"""Routes whose answers are kept: a kept one is sent after the guard, without looking at the parameters again.

They were checked when the answer was made, and are a part of its key. To check the forty filters of a list took as long
as everything else that a kept answer needs.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from fastapi import Request, params
from fastapi.responses import Response

from battlescope_events.http_api.guard import RightCheck
from battlescope_events.http_api.routing import ApiRoute
from battlescope_events.http_cache.response_cache import ResponseCache


class _Dependencies(Protocol):
    """Of functions with such routes."""

    @property
    def responses(self) -> ResponseCache: ...


class KeptRoute(ApiRoute):
    """A route that declares one right and answers by `ResponseCache.answer`."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        dependencies: Sequence[params.Depends] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(path, endpoint, dependencies=dependencies, **options)
        checks = [depends.dependency for depends in self.dependencies]
        self._checks = [check for check in checks if isinstance(check, RightCheck)]  # one, or no app takes the route

    def prepared_dependencies(self) -> list[params.Depends]:
        """All but the check of the right, which the handler makes first."""
        return [d for d in super().prepared_dependencies() if not isinstance(d.dependency, RightCheck)]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer, (check,) = super().get_route_handler(), self._checks

        async def guarded(request: Request) -> Response:
            await check(request)
            dependencies: _Dependencies = request.app.state.dependencies
            return await dependencies.responses.kept(request) or await answer(request)

        return guarded
