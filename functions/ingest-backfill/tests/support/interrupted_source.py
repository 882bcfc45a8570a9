"""A source that breaks its answers off: a real socket that is cut in the middle of a body."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

WHOLE = 1 << 30  # never cut


@dataclass
class Breaking:
    """Each answer takes the next body and the next cut; the last ones go on for ever.

    ranges: whether it can give parts. weak: tags that name no bytes. misplaced: parts begin where they were not asked.
    """

    bodies: Sequence[bytes]
    cuts: Sequence[int] = (WHOLE,)
    ranges: bool = True
    weak: bool = False
    misplaced: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0

    def answer(self, asked: dict[str, str]) -> tuple[bytes, bytes]:
        """Head and body; nothing is cut yet."""
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        tag = ("W/" if self.weak else "") + f'"{hash(body)}"'
        head = f"ETag: {tag}\r\n" + ("Accept-Ranges: bytes\r\n" if self.ranges else "")
        first = int(asked.get("range", "bytes=0-")[6:-1])
        if first and self.ranges and asked.get("if-range", tag) == tag:
            first -= self.misplaced
            head = f"206 Partial Content\r\nContent-Range: bytes {first}-{len(body) - 1}/{len(body)}\r\n{head}"
            body = body[first:]
        else:
            head = f"200 OK\r\n{head}"
        return f"HTTP/1.1 {head}Content-Length: {len(body)}\r\n\r\n".encode(), body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:]
        asked = dict(line.lower().split(": ", 1) for line in lines if line)
        self.asked.append(asked)
        cut = self.cuts[min(len(self.asked), len(self.cuts)) - 1]
        head, body = self.answer(asked)
        writer.write(head + body[:cut])
        self.sent += len(body[:cut])
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(source: Breaking) -> AsyncGenerator[str]:
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
