"""The names of query parameters: every accepted spelling, no unknown one, and no single value given twice.

`systemId`, `system_id` and `system_id[]` are the same parameter. A misspelled one is refused with the nearest known
name (in camelCase, as fields of answers are spelled), since a filter that is ignored answers another question than the
one that was asked; so does the first of two values of a parameter that takes one.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from difflib import get_close_matches
from functools import partial
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from battlescope_events.http_api.error_body import visible
from battlescope_events.http_api.errors import REQUESTED_NAMES, ApiError, requested_names

Translate = Callable[[str, str], Iterable[tuple[str, str]]]  # name and value to the declared names and values
QueryNamesByEndpoint = MutableMapping[Callable[..., Any], Mapping[str, bool] | None]
"""The parameters of each route that was asked for, by its function, and whether each takes several values."""
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_WORD: Final = re.compile(r"(?<!^)_([a-z])")
_MAX_NAME: Final = 50  # characters of an unknown name that an error quotes


def unchanged(name: str, value: str) -> Iterable[tuple[str, str]]:
    """The translation of a function whose parameters have no other names."""
    return ((name, value),)


def canonical_query(query: str, translate: Translate = unchanged) -> str:
    """The query string with names in snake_case, each translated to the names that the routes declare."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([pair for name, value in pairs for pair in translate(_snake_case(name), value)])


def _requested_names(query: str, translate: Translate) -> Mapping[str, Sequence[str]]:
    """How the request spelt each declared name, value by value, for errors about them."""
    names: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        for declared, _ in translate(_snake_case(name), value):
            names.setdefault(declared, []).append(name)
    return names


def _snake_case(name: str) -> str:
    return _CAPITAL.sub("_", name.removesuffix("[]")).lower()


def _camel_case(name: str) -> str:
    """The spelling of the fields in answers, which `_snake_case` turns back into the declared name."""
    return _WORD.sub(lambda word: word[1].upper(), name)


class QueryNames:
    """Middleware that rewrites the query string to the declared names."""

    def __init__(self, app: ASGIApp, translate: Translate) -> None:
        self._app = app
        self._translate = translate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and scope["query_string"]:
            requested = scope["query_string"].decode("latin-1")
            query = canonical_query(requested, self._translate)
            names = partial(_requested_names, requested, self._translate)
            scope = {**scope, "query_string": query.encode(), REQUESTED_NAMES: names}
        await self._app(scope, receive, send)


async def _takes_any_query() -> None:
    """Mark a route whose query is not the API's."""


ANY_QUERY: Final[Any] = Depends(_takes_any_query)
"""The entry in the `dependencies` of a route that accepts every parameter and reads none: a page of the web app."""


def _declared_names(route: APIRoute | APIWebSocketRoute) -> Mapping[str, bool] | None:
    """The parameters that the route takes from the query; None for one with `ANY_QUERY`."""
    if ANY_QUERY in route.dependencies:
        return None
    fields = get_flat_params(Dependant(query_params=route.dependant.query_params))
    return {field.alias: _takes_several(field.field_info.annotation) for field in fields}


def _takes_several(annotation: Any) -> bool:
    """Whether values of this type are lists; one of several types may be."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _takes_several(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return any(map(_takes_several, get_args(annotation)))
    return origin in {list, tuple, set, frozenset}


async def check_query(connection: HTTPConnection) -> None:
    """Refuse parameters that the route does not declare, and NUL, which PostgreSQL cannot store or compare.

    Raises:
        ApiError: a parameter is unknown, has two values and takes one, or contains NUL (400).
    """
    names: QueryNamesByEndpoint = connection.app.query_names
    endpoint = connection.scope["endpoint"]
    if endpoint not in names:
        names[endpoint] = _declared_names(connection.scope["route"])
    known = names[endpoint]
    if known is None:
        return
    seen: set[str] = set()
    for name, value in connection.query_params.multi_items():
        error = ""
        if name not in known:
            error = f"is not a known parameter{_suggestion(name, known)}"
        elif "\0" in value:
            error = "must not contain the character NUL"
        elif name in seen and not known[name]:
            error = "is given more than once; it takes one value"
        if error:
            requested = requested_names(connection).get(name, [name])[-1]
            raise ApiError(400, f"{visible(requested[:_MAX_NAME])}: {error}.")
        seen.add(name)


def _suggestion(name: str, known: Collection[str]) -> str:
    nearest = get_close_matches(name[:_MAX_NAME], known, n=1)
    if nearest:
        return f"; the nearest known one is {_camel_case(nearest[0])}"
    return f"; this path accepts {', '.join(map(_camel_case, sorted(known)))}" if known else "; this path accepts none"
