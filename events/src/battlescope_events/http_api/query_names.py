"""Query parameters in every accepted spelling: `systemId`, `system_id` and `system_id[]` are the same parameter."""

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Receive, Scope, Send

Translate = Callable[[str, str], Iterable[tuple[str, str]]]  # name and value to the declared names and values
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


def unchanged(name: str, value: str) -> Iterable[tuple[str, str]]:
    """The translation of a function whose parameters have no other names."""
    return ((name, value),)


def canonical_query(query: str, translate: Translate = unchanged) -> str:
    """The query string with names in snake_case, each translated to the names that the routes declare."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([pair for name, value in pairs for pair in translate(_snake_case(name), value)])


def _snake_case(name: str) -> str:
    return _CAPITAL.sub("_", name.removesuffix("[]")).lower()


class QueryNames:
    """Middleware that rewrites the query string to the declared names."""

    def __init__(self, app: ASGIApp, translate: Translate) -> None:
        self._app = app
        self._translate = translate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["query_string"]:
            query = canonical_query(scope["query_string"].decode("latin-1"), self._translate)
            scope = {**scope, "query_string": query.encode()}
        await self._app(scope, receive, send)
