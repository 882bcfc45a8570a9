"""The table from exception to the one error response of HTTP functions.

| raised | response |
|---|---|
| `ApiError` | its status and message |
| `RequestValidationError` | 400, the first invalid field with its path |
| `TransientError` | 503, without the message, which may name internals |
| `OverloadedError` | 503 with Retry-After |
| anything else, `PermanentError` too | 500; the log has the exception |
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.requests import HTTPConnection, Request
from fastapi.responses import Response
from pydantic import Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import compile_path

from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_events.errors import OverloadedError, TransientError
from battlescope_events.http_api.error_body import ERROR_NAMES, HTML, error_body, error_page, is_for_a_person
from battlescope_events.http_api.validation_messages import validation_message
from battlescope_schemas.base import Schema

_log = logging.getLogger(__name__)

REQUESTED_NAMES: Final = "battlescope.requested_names"
"""Key of a request's scope; its value is a function that returns what `requested_names` does."""
OVERLOAD_SECONDS: Final = 5
"""After an overload: the seconds after which a client may try again."""
_SENTENCES: Final[Mapping[int, str]] = {
    400: "The body cannot be read as JSON.",
    404: "There is nothing at this path.",
    405: "This path does not accept this method; the header Allow lists those that it accepts.",
}


class Problem(Schema):
    """The body of every error."""

    error: str = Field(description="The name of the status, or a more precise one where clients must tell two apart.")
    message: str = Field(description="One sentence for people; its text may change.")
    request_id: str = Field(description="Also in the header X-Request-Id; it finds the request in the logs.")
    retry_after: int = Field(default=0, description="With status 429: the seconds after which a repetition may work.")


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


def error_response(connection: HTTPConnection, error: ApiError) -> Response:
    """The response to an error, with the id of its request: a page for a person, JSON for a program."""
    request_id: str = getattr(connection.state, "request_id", "")
    message = str(error.detail)
    headers = {**SECURITY_HEADERS, **(error.headers or {}), "x-request-id": request_id, "cache-control": "no-store"}
    headers["vary"] = "Accept"
    if is_for_a_person(connection.scope.get("method", ""), connection.headers.get("accept", "")):
        return Response(error_page(message, request_id), error.status_code, headers, media_type=HTML)
    content = error_body(error.status_code, message, request_id, error=error.error, retry_after=error.retry_after)
    return Response(content, error.status_code, headers, media_type="application/json")


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  # the table of handlers guarantees it, here and below
    return error_response(request, error)


async def _framework_error(request: Request, error: Exception) -> Response:
    """Errors that FastAPI and Starlette raise; their texts are theirs, so that only the status is kept."""
    assert isinstance(error, StarletteHTTPException)  # noqa: S101  # as above
    status = error.status_code
    message = _SENTENCES.get(status, f"{HTTPStatus(status).phrase}.")
    name = ERROR_NAMES.get(status, HTTPStatus(status).phrase.replace(" ", ""))
    headers = {**(error.headers or {}), **_allow(request, status)}
    return error_response(request, ApiError(status, message, error=name, headers=headers))


def _allow(request: Request, status: int) -> Mapping[str, str]:
    """The header Allow with the methods of all routes of the path; the framework names those of one route."""
    operations: Collection[tuple[str, str]] = request.app.operations
    methods = {method for method, path in operations if compile_path(path)[0].match(request.url.path)}
    if status != HTTPStatus.METHOD_NOT_ALLOWED or not methods:
        return {}
    return {"Allow": ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))}


def requested_names(connection: HTTPConnection) -> Mapping[str, Sequence[str]]:
    """How the request spelt each parameter of its query, value by value, by the declared name."""
    names: Callable[[], Mapping[str, Sequence[str]]] = connection.scope.get(REQUESTED_NAMES, dict)
    return names()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as above
    message = validation_message(list(error.errors()), error.body, requested_names(request))
    return error_response(request, ApiError(400, message))


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("%s", error)
    if isinstance(error, OverloadedError):
        message = "Too many requests wait for an answer; try again in a few seconds."
        return error_response(request, ApiError(503, message, headers={"retry-after": str(OVERLOAD_SECONDS)}))
    return error_response(request, ApiError(503, "A part of the service does not answer; try again shortly."))


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
    app.add_exception_handler(Exception, _unexpected)
