"""The one error body of HTTP functions, and the table from exception to status.

| raised | response |
|---|---|
| `ApiError` | its status and message |
| `RequestValidationError` | 400, the first invalid field with its path |
| `TransientError` | 503, without the message, which may name internals |
| `PermanentError` | 422, without the message |
| anything else | 500; the log has the exception |
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.requests import HTTPConnection, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from battlescope_events.errors import PermanentError, TransientError
from battlescope_schemas.base import Schema

_log = logging.getLogger(__name__)

# Part of the API, therefore not derived from HTTPStatus, whose phrases change between versions of Python.
ERROR_NAMES: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    414: "RequestUriTooLong",
    415: "UnsupportedMediaType",
    422: "UnprocessableEntity",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
_SENTENCES: Final[Mapping[int, str]] = {
    404: "There is nothing at this path.",
    405: "This path does not accept this method; the header Allow lists those that it accepts.",
}
# A field's name comes from the request, so it may be as long as the body.
_MAX_PATH: Final = 100
_MAX_MESSAGE: Final = 500


class Problem(Schema):
    """The body of every error."""

    error: str
    message: str
    request_id: str


class ApiError(HTTPException):
    """An error of the request, answered with this status and this sentence."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        error: str | None = None,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Make an error of this status.

        `error` replaces the name of the status where clients must tell two causes apart; `retry_after` is in seconds.

        Raises:
            KeyError: the status is not one of `ERROR_NAMES`.
        """
        retry = {} if retry_after is None else {"retry-after": str(retry_after)}
        super().__init__(status, message, {**retry, **(headers or {})})
        self.error = error or ERROR_NAMES[status]
        self.retry_after = retry_after


def problem(description: str) -> dict[str, Any]:
    """An error response for the OpenAPI description of a route."""
    return {"model": Problem, "description": description}


# What every route may answer; a route adds its own.
COMMON_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: problem("The request is invalid; `message` names the field."),
    500: problem("An unexpected error."),
    503: problem("A part of the service does not answer."),
}


def error_response(connection: HTTPConnection, error: ApiError) -> Response:
    """The response to an error, with the id of its request."""
    request_id: str = getattr(connection.state, "request_id", "")
    body: dict[str, Any] = {"error": error.error, "message": error.detail, "requestId": request_id}
    if error.retry_after is not None:
        body["retryAfter"] = error.retry_after
    # ASCII, since a message may quote a lone surrogate of the request, which UTF-8 cannot encode.
    content = json.dumps(body, separators=(",", ":"))
    headers = {**(error.headers or {}), "x-request-id": request_id, "cache-control": "no-store"}
    return Response(content, error.status_code, headers, media_type="application/json")


def validation_message(errors: list[Any]) -> str:
    """One sentence about the first error, with the path of its field at the start."""
    first: dict[str, Any] = errors[0]
    if first["type"] == "json_invalid":
        return f"The body is not valid JSON: {first['ctx']['error']}, at character {first['loc'][-1]}."
    path = ".".join(map(str, first["loc"][1:]))[:_MAX_PATH]
    message = f"{first['msg'].removeprefix('Value error, ')[:_MAX_MESSAGE].rstrip('.')}."
    return f"{path}: {message}" if path else message


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  # the table of handlers guarantees it, here and below
    return error_response(request, error)


async def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101  # as above
    status, detail = error.status_code, str(error.detail)
    if detail == HTTPStatus(status).phrase:
        detail = _SENTENCES.get(status, detail)
    name = ERROR_NAMES.get(status, HTTPStatus(status).phrase.replace(" ", ""))
    return error_response(request, ApiError(status, f"{detail.rstrip('.')}.", error=name, headers=error.headers))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as above
    return error_response(request, ApiError(400, validation_message(list(error.errors()))))


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("%s", error)
    return error_response(request, ApiError(503, "A part of the service does not answer; try again shortly."))


async def _unprocessable(request: Request, error: Exception) -> Response:
    _log.warning("%s", error)
    return error_response(request, ApiError(422, "The service cannot process this request; a repetition fails too."))


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("Unexpected error", exc_info=error, extra={"context": {"request_id": request.state.request_id}})
    message = "Internal server error; quote the request id when you report it."
    return error_response(request, ApiError(500, message))


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception by the table of this module."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(StarletteHTTPException, _framework_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(TransientError, _unavailable)
    app.add_exception_handler(PermanentError, _unprocessable)
    app.add_exception_handler(Exception, _unexpected)
