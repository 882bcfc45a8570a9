"""The one error body, free of any web framework: HTTP functions and the gateways of local mode answer with it."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

# Part of the API, therefore not derived from HTTPStatus, whose phrases change between versions of Python.
ERROR_NAMES: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    414: "RequestUriTooLong",
    415: "UnsupportedMediaType",
    421: "MisdirectedRequest",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    431: "RequestHeaderFieldsTooLarge",
    500: "InternalServerError",
    501: "NotImplemented",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
_INVISIBLE: Final = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode categories of control, format, surrogate and separators


def error_body(
    status: int, message: str, request_id: str, *, error: str | None = None, retry_after: int | None = None
) -> bytes:
    """The JSON body of an error; `error` replaces the name of the status, `retry_after` is in seconds.

    Raises:
        KeyError: the status is not one of `ERROR_NAMES`.
    """
    body: dict[str, Any] = {"error": error or ERROR_NAMES[status], "message": message, "requestId": request_id}
    if retry_after is not None:
        body["retryAfter"] = retry_after
    # ASCII, since a message may quote a lone surrogate of the request, which UTF-8 cannot encode.
    return json.dumps(body, separators=(",", ":")).encode()


def visible(text: str) -> str:
    """The text with invisible characters as escapes, so that what a request contains cannot disguise a message."""
    return "".join(
        character if unicodedata.category(character) not in _INVISIBLE else f"\\u{ord(character):04x}"
        for character in text
    )
