"""The HTTP client for hosts outside: HTTP/1.1 and gzip, with the proxies and certificates of the environment.

The library is imported and the client built for the first request, which spares them most cold starts: reading the
certificates takes 9 ms.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from pyreqwest.client import Client
    from pyreqwest.http import HeaderMap
    from pyreqwest.request import StreamRequest
    from pyreqwest.response import Response

CONNECT_TIMEOUT: Final = timedelta(seconds=10)
READ_TIMEOUT: Final = timedelta(seconds=60)  # of one read; the caller bounds the whole exchange
IDLE_TIMEOUT: Final = timedelta(seconds=4)  # servers close an idle connection after 5 s or more


class NoResponse(Exception):
    """The host does not answer, or its answer breaks off or cannot be decompressed."""


class ExternalResponse(Protocol):
    """The head of an answer, whose body is still to be read. Names of headers are case-insensitive."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    async def read_piece(self) -> bytes | None:
        """The next part of the decompressed body, none after its end.

        Parts are small, so that a small body cannot fill the memory. Raises `NoResponse`.
        """
        ...


class ExternalHttp(Protocol):
    """Sends requests to any host."""

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> AbstractAsyncContextManager[ExternalResponse]:
        """The answer, whatever its status. Raises `NoResponse`."""
        ...


class _Headers(Mapping[str, str]):
    """Headers whose values are ASCII; pyreqwest raises an error for others, which mean nothing here."""

    def __init__(self, headers: "HeaderMap") -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        try:
            return self._headers[name]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


@dataclass(frozen=True, slots=True)
class _Response:
    """Implements `ExternalResponse`."""

    status: int
    headers: Mapping[str, str]
    source: "Response"

    async def read_piece(self) -> bytes | None:
        piece = await self.source.body_reader.read_chunk()
        return None if piece is None else bytes(piece)


class ReqwestHttp:
    """Implements `ExternalHttp`: a request takes a tenth of the CPU that it takes with httpx."""

    def __init__(self, user_agent: str, *, follow_redirects: bool) -> None:
        self._user_agent, self._follow_redirects = user_agent, follow_redirects
        self._open_client: Client | None = None

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncGenerator[ExternalResponse]:
        from pyreqwest.exceptions import DetailedPyreqwestError  # noqa: PLC0415  # see the module

        try:
            async with self._request(method, url, headers, body) as response:
                yield _Response(response.status, _Headers(response.headers), response)
        except DetailedPyreqwestError as error:
            causes = error.details["causes"] or [{"message": error.message}]
            raise NoResponse(f"{causes[-1]['message']}.") from error

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> "StreamRequest":
        try:
            request = self._client.request(method, url).headers(headers)
        except ValueError as error:  # no URL, or a header that HTTP cannot carry
            raise NoResponse(f"It cannot be requested: {error}.") from error
        request = request.streamed_read_buffer_limit(0)  # bytes before a break of the connection count for a download
        return (request.body_bytes(body) if body else request).build_streamed()

    async def close(self) -> None:
        if self._open_client:
            await self._open_client.close()

    @property
    def _client(self) -> "Client":
        if self._open_client is None:
            from pyreqwest.client import ClientBuilder  # noqa: PLC0415  # see the module

            builder = ClientBuilder().user_agent(self._user_agent).follow_redirects(self._follow_redirects)
            builder = builder.brotli(enable=False).zstd(enable=False).deflate(enable=False)
            builder = builder.connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT)
            self._open_client = builder.pool_idle_timeout(IDLE_TIMEOUT).build()
        return self._open_client


@asynccontextmanager
async def external_http(user_agent: str, *, follow_redirects: bool = False) -> AsyncGenerator[ExternalHttp]:
    """The client, closed at the end of the `async with` block."""
    http = ReqwestHttp(user_agent, follow_redirects=follow_redirects)
    try:
        yield http
    finally:
        await http.close()
