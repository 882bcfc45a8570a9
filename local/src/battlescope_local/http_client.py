"""HTTP client of the node, for requests to its own instances and to other addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

# uvicorn closes an idle connection after 5 s; we must let go first, or a POST meets a closing connection.
KEEP_ALIVE: Final = 4.0
OWN_WORDS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # a proxy says what it was told to say


@dataclass(frozen=True, slots=True)
class Answer:
    """What the subscriber said."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def session() -> ClientSession:
    """For requests to instances: no limit on connections (the services have theirs), no cookies, no decompression.

    aiohttp is both our server and our client: one library whose parsers are C for both halves of a proxy.
    """
    connector = TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE)
    return ClientSession(
        connector=connector, cookie_jar=DummyCookieJar(), auto_decompress=False, skip_auto_headers=OWN_WORDS
    )


async def post(client: ClientSession, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
    """Raises aiohttp's ClientError, and TimeoutError."""
    target, limit = URL(url, encoded=True), ClientTimeout(total=seconds)
    async with client.post(target, data=body, headers=headers, allow_redirects=False, timeout=limit) as answer:
        return Answer(answer.status, answer.headers, await answer.read())
