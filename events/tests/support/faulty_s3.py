"""An S3 server that answers as a test tells it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from battlescope_events.object_storage.access import BucketAccess


@dataclass
class Request:
    method: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    def respond(self, status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> None:
        """`length`: the stated length, if it differs from that of the body."""
        fields = {
            "content-length": str(len(body) if length is None else length),
            "etag": '"0123456789abcdef"',
            "last-modified": "Sun, 29 Nov 2026 04:20:29 GMT",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.writer.write(f"HTTP/1.1 {status} {status}\r\n{head}\r\n".encode() + body)


Answer = Callable[[Request, int], Awaitable[bool | None]]


@dataclass
class FaultyServer:
    """Answers each request by `answer(request, number)`, where the first has number 1; True closes the connection."""

    answer: Answer
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    disconnections: int = 0
    access: BucketAccess = field(init=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.requests.append(Request(first.split()[0], headers, body, writer))
                if await self.answer(self.requests[-1], len(self.requests)):
                    break
                await writer.drain()
        self.disconnections += 1
        writer.close()


StartServer = Callable[[Answer], Awaitable[FaultyServer]]
