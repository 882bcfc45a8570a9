"""Query parameters in whichever spelling a client prefers, turned into the one that the routes declare.

`systemId`, `system_id` and `system_id[]` are the same parameter, and a few have names of their own.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Receive, Scope, Send

_ALIASES: Final = {"since": "start_time_after", "until": "start_time_before", "team": "side"}
_SECURITY_TYPES_OF_SPACE: Final = {
    "kspace": ("highsec", "lowsec", "nullsec"),
    "jspace": ("wormhole",),
}


def canonical(query: str) -> str:
    """The query string with every name in the declared spelling and space types as security types."""
    return urlencode(list(_canonical(parse_qsl(query, keep_blank_values=True))))


def _canonical(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for raw_name, value in pairs:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", raw_name.removesuffix("[]")).lower()
        if name in {"space_type", "security_level"}:
            yield from (("security_type", kind) for kind in _SECURITY_TYPES_OF_SPACE.get(value, (value,)))
        else:
            yield _ALIASES.get(name, name), value


class QueryAliases:
    """Middleware that lets routes see canonical names only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["query_string"]:
            scope = {**scope, "query_string": canonical(scope["query_string"].decode("latin-1")).encode()}
        await self._app(scope, receive, send)
