"""Maps every accepted spelling of a query parameter to the name that the routes declare.

`systemId`, `system_id` and `system_id[]` are the same parameter; a few parameters also have aliases.
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
    """The query string with declared parameter names; space types become security types."""
    return urlencode(list(_canonical(parse_qsl(query, keep_blank_values=True))))


def _canonical(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for raw_name, value in pairs:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", raw_name.removesuffix("[]")).lower()
        if name in {"space_type", "security_level"}:
            security_types = _SECURITY_TYPES_OF_SPACE.get(value, (value,))
            yield from (("security_type", security_type) for security_type in security_types)
        else:
            yield _ALIASES.get(name, name), value


class QueryAliases:
    """Middleware that rewrites the query string to canonical parameter names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["query_string"]:
            scope = {**scope, "query_string": canonical(scope["query_string"].decode("latin-1")).encode()}
        await self._app(scope, receive, send)
