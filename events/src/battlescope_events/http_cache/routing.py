"""Routes whose answers are kept: a kept one is sent after the guard, without looking at the parameters again.

They were checked when the answer was made, and are a part of its key. To check the forty filters of a list took as long
as everything else that a kept answer needs.
"""

from collections.abc import Callable, Coroutine
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

    def prepared_dependencies(self) -> list[params.Depends]:
        return [depends for depends in super().prepared_dependencies() if depends is not self._right]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        check, answer = self._right.dependency, super().get_route_handler()
        assert isinstance(check, RightCheck)  # noqa: S101  # see `_right`

        async def guarded(request: Request) -> Response:
            await check(request)
            dependencies: _Dependencies = request.app.state.dependencies
            return await dependencies.responses.kept(request) or await answer(request)

        return guarded

    @property
    def _right(self) -> params.Depends:
        return next(depends for depends in self.dependencies if isinstance(depends.dependency, RightCheck))
