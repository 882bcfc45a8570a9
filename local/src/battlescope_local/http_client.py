"""HTTP client of the node, for requests to its own instances and to other addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, UnixConnector
from yarl import URL

# uvicorn closes an idle connection after 5 s; the client closes it earlier, so that no POST meets a closing connection.
KEEP_ALIVE_SECONDS: Final = 4.0
# Headers that aiohttp adds by itself; a proxy passes on only the headers that it received.
OMITTED_DEFAULT_HEADERS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def open_session(socket: Path | None = None) -> ClientSession:
    """A session, to `socket` if there is one, without cookies, decompression or a limit on connections.

    Each service limits its concurrency itself.

    aiohttp serves and requests: one library whose parsers are written in C for both sides of the proxy.
    """
    options: dict[str, Any] = {"limit": 0, "keepalive_timeout": KEEP_ALIVE_SECONDS}
    connector = TCPConnector(**options) if socket is None else UnixConnector(str(socket), **options)
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=OMITTED_DEFAULT_HEADERS,
    )


async def post(
    client: ClientSession, url: str, headers: Mapping[str, str], body: bytes, seconds: float
) -> HttpResponse:
    """Post `body` and read the whole response.

    Raises:
        aiohttp.ClientError: the request failed.
        TimeoutError: there was no complete response within `seconds`.
    """
    target, timeout = URL(url, encoded=True), ClientTimeout(total=seconds)
    async with client.post(target, data=body, headers=headers, allow_redirects=False, timeout=timeout) as response:
        return HttpResponse(response.status, response.headers, await response.read())
