"""Requests of commands to the HTTP functions of a running node."""

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from battlescope_local.errors import UserError

RESPONSE_TIMEOUT: Final = 30.0  # seconds, because the function may have to start


@dataclass(frozen=True, slots=True)
class FunctionApi:
    """A function behind a node's gateway, with the token by which it knows the caller."""

    function: str
    gateway: str
    token: str

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a response.

        Raises:
            UserError: the function does not accept the request, with its reason.
        """
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        content = json.dumps(body) if body is not None else None
        connection = http.client.HTTPConnection(urlsplit(self.gateway).netloc, timeout=RESPONSE_TIMEOUT)
        with closing(connection):
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            text = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise UserError(f"{self.function} answers {response.status}: {_reason(text)}")
        return json.loads(text)


def _reason(body: bytes) -> str:
    """The sentence of an error that a function answers; the body itself where it is none, as from a proxy."""
    text = body.decode(errors="replace")
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    message = cast("dict[str, object]", answer).get("message") if isinstance(answer, dict) else None
    return message if isinstance(message, str) else text
