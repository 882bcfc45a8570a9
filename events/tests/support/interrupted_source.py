"""A source that interrupts its responses: a real socket that is closed in the middle of a body."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

NO_CUT = 1 << 30


@dataclass
class InterruptedSource:
    """Each response takes the next body and the next cut; the last ones repeat.

    supports_ranges: returns parts on request. weak_etags: ETags do not identify bytes. misplaced: parts start one byte
    too early. overstated: the first response announces a byte more than there is.
    """

    bodies: Sequence[bytes]
    cuts: Sequence[int] = (NO_CUT,)
    supports_ranges: bool = True
    weak_etags: bool = False
    misplaced: bool = False
    overstated: bool = False
    requests: list[dict[str, str]] = field(default_factory=list)
    bytes_sent: int = 0

    def respond(self, request: dict[str, str]) -> tuple[bytes, bytes]:
        """Head and body, before the cut."""
        body = self.bodies[min(len(self.requests), len(self.bodies)) - 1]
        etag = ("W/" if self.weak_etags else "") + f'"{hash(body)}"'
        head = f"ETag: {etag}\r\n" + ("Accept-Ranges: bytes\r\n" if self.supports_ranges else "")
        first = int(request.get("range", "bytes=0-")[6:-1])
        if 0 < len(body) <= first and self.supports_ranges and request.get("if-range", etag) == etag:
            return b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n", b""
        if first and self.supports_ranges and request.get("if-range", etag) == etag:
            first -= self.misplaced
            head = f"206 Partial Content\r\nContent-Range: bytes {first}-{len(body) - 1}/{len(body)}\r\n{head}"
            body = body[first:]
        else:
            head = f"200 OK\r\n{head}"
        length = len(body) + (self.overstated and len(self.requests) == 1)
        return f"HTTP/1.1 {head}Content-Length: {length}\r\n\r\n".encode(), body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:]
        request = dict(line.lower().split(": ", 1) for line in lines if line)
        self.requests.append(request)
        cut = self.cuts[min(len(self.requests), len(self.cuts)) - 1]
        head, body = self.respond(request)
        writer.write(head + body[:cut])
        self.bytes_sent += len(body[:cut])
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(source: InterruptedSource) -> AsyncGenerator[str]:
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
