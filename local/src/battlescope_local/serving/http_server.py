"""The HTTP server of the gateways: aiohttp's, with the limits and the error body of BattleScope's API."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_events.http_api.error_body import error_body
from battlescope_events.http_api.error_page import HTML, error_page, is_for_a_person

logger = logging.getLogger(__name__)

REQUEST_ID_HEADER: Final = "x-request-id"
SERVER: Final = "BattleScope"  # instead of the names and versions of aiohttp and Python
MAX_REQUEST_LINE: Final = 32 * 1024  # bytes; functions accept a query of half of it
MAX_HEADER: Final = 16 * 1024  # bytes of one header
MESSAGES: Final[Mapping[int, str]] = {
    400: "The request is not valid HTTP.",
    413: "The request body is too large.",
    414: f"The request line is longer than {MAX_REQUEST_LINE} bytes.",
    431: f"A header is longer than {MAX_HEADER} bytes, or there are too many.",
    500: "Internal server error; quote the request id when you report it.",
    502: "A part of the service closed its connection; try again shortly.",
    503: "A part of the service does not answer; try again shortly.",
    504: "A part of the service did not answer in time; try again shortly.",
}


def error_response(status: int, request_id: str, message: str | None = None, *, is_page: bool = False) -> web.Response:
    """The error of a gateway, as a page for a person; without a message of its own the one of its status."""
    text = message or MESSAGES[status]
    return web.Response(
        status=status,
        body=error_page(text, request_id) if is_page else error_body(status, text, request_id),
        content_type=HTML if is_page else "application/json",
        charset="utf-8" if is_page else None,
        headers={
            **SECURITY_HEADERS,
            REQUEST_ID_HEADER: request_id,
            "cache-control": "no-store",
            "vary": "Accept",
            "server": SERVER,
        },
    )


class _Protocol(web.RequestHandler):
    """Answers requests that aiohttp cannot parse, and failures of handlers, with an error of ours."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            status = _status(exc)
            logger.debug("Rejected a request that is not valid HTTP: %s", message)
        elif status == HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("Unexpected error of a gateway", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("The response has begun; closing the connection shows that it is incomplete.")
        is_page = is_for_a_person(request.method, request.headers.get("accept", ""))
        response = error_response(status if status in MESSAGES else 400, str(uuid4()), is_page=is_page)
        response.force_close()
        return response


def _status(error: HttpProcessingError) -> int:
    if isinstance(error, LineTooLong):
        return 414 if MAX_REQUEST_LINE in error.args else 431
    return 431 if "Too many headers" in error.message else 400


class _Server(web.Server):
    def __init__(self, handler: Any, options: Mapping[str, Any], **server_options: Any) -> None:
        super().__init__(handler, **server_options)
        self._options = options

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._options)


class GatewayRunner(web.AppRunner):
    """Runs an app of the node. Request bodies pass as they are, so that no compressed one is expanded here."""

    def __init__(self, app: web.Application, *, shutdown_timeout: float, keepalive_timeout: float) -> None:
        """Both timeouts in seconds; `keepalive_timeout` is that of a connection between two requests."""
        super().__init__(app, handler_cancellation=True, access_log=None, shutdown_timeout=shutdown_timeout)
        self._keepalive_timeout = keepalive_timeout

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        options = {
            "access_log": None,
            "keepalive_timeout": self._keepalive_timeout,
            "auto_decompress": False,
            "max_line_size": MAX_REQUEST_LINE,
            "max_field_size": MAX_HEADER,
        }
        return _Server(
            server.request_handler,
            options,
            request_factory=server.request_factory,
            handler_cancellation=server.handler_cancellation,
        )
