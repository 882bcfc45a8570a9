"""Answers that were rendered once and stay in this process until what they show changes.

A change is exact, not guessed from time: it comes as a notification that is sent with the commit. An answer that was
being rendered while its notification came is used once and not kept, since it may have been read before the commit.
Without a subscription nothing is kept, and nothing that was kept is used, except as the last resort of `answer`.
"""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import brotli
from fastapi import Request
from fastapi.responses import Response

from battlescope_events.errors import TransientError
from battlescope_events.http_api.compression import MIN_BYTES, accepts_coding, compressed_etag
from battlescope_events.http_api.conditional import content_etag, matches_weakly

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_ENTRIES: Final = 5000
MAX_TAGS: Final = 100_000  # of changes that are remembered; about 100 bytes each
STALE_SECONDS: Final = 600.0  # how long after a loss of the subscription an answer may stand in for the database
PATIENCE_SECONDS: Final = 0.5
_THREAD_BYTES: Final = 64 * 1024
EVERYTHING: Final = "*"
"""The tag of every answer."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer before it is sent. max_age: seconds for which a client may use it without asking again.

    etag: None for one that is made from the content. kept_seconds: for which it is kept here; None for `max_age`.
    """

    content: bytes
    max_age: int
    media_type: str = "application/json"
    etag: str | None = None
    kept_seconds: int | None = None

    @property
    def seconds(self) -> int:
        return self.max_age if self.kept_seconds is None else self.kept_seconds


@dataclass(frozen=True, slots=True)
class _Entry:
    """`encoded`: by content coding, as clients ask for them; `encoding` is held while one is made."""

    rendered: Rendered
    etag: str
    tags: frozenset[str]
    expires: float
    encoded: dict[str, bytes] = field(default_factory=dict[str, bytes])
    encoding: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def size(self) -> int:
        return len(self.rendered.content) + sum(map(len, self.encoded.values()))


class ResponseCache:
    """Keeps answers by path and query, at most `MAX_BYTES` of them; it follows the notifications of changes."""

    def __init__(self, monotonic: Callable[[], float], max_bytes: int = MAX_BYTES) -> None:
        self._monotonic = monotonic
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._keys_by_tag: dict[str, set[str]] = {}
        self._rendering: dict[str, asyncio.Future[_Entry]] = {}
        self._bytes = 0
        self._is_subscribed = False
        self._lost_at = float("-inf")
        # The number of the last change of everything, and by tag of later ones.
        self._changes = self._last_all = 0
        self._last_change: dict[str, int] = {}

    # The listener of notifications

    def subscription_began(self) -> None:
        self._drop_all()
        self._is_subscribed = True

    def subscription_ended(self) -> None:
        if self._is_subscribed:
            self._lost_at = self._monotonic()
        self._is_subscribed = False

    def notified(self, payload: str) -> None:
        """Drop what shows one of these things: their ids separated by commas, or `*` for everything."""
        self._changes += 1
        for tag in payload.split(","):
            if tag == EVERYTHING:
                self._drop_all()
                return
            self._last_change[tag] = self._changes
            if len(self._last_change) > MAX_TAGS:
                self._drop_all()
                return
            for key in self._keys_by_tag.pop(tag, set()):
                self._remove(key)
        # Lists show any battle, and so depend on every change.
        for key in self._keys_by_tag.pop(EVERYTHING, set()):
            self._remove(key)
        self._last_change[EVERYTHING] = self._changes

    # Answers

    async def answer(
        self, request: Request, tags: Collection[str], render: Callable[[], Awaitable[Rendered]]
    ) -> Response:
        """The answer to the request: the kept one, or that of `render`, which is called once for many requests.

        tags: the ids of what the answer shows; `EVERYTHING` for a list. While the database does not answer, the last
        answer stands in for up to ten minutes, with the header `Warning: 110`.

        Raises:
            TransientError: the database does not answer, and there is no earlier answer.
        """
        kept = await self.kept(request)
        if kept is not None:
            return kept
        key = _key(request)
        stale = self._stale(key)
        # A database that is away costs each caller the timeout of its connection, unless there is a kept answer.
        patience = PATIENCE_SECONDS if stale is not None and not self._is_subscribed else None
        try:
            async with asyncio.timeout(patience):
                entry = await self._rendered_once(key, frozenset(tags), render)
        except (TransientError, TimeoutError):
            if stale is None:
                raise
            return await self._response(request, key, stale, is_stale=True)
        return await self._response(request, key, entry)

    async def kept(self, request: Request) -> Response | None:
        """The answer to the request that is kept and current; None without one."""
        key = _key(request)
        entry = self._fresh(key)
        return None if entry is None else await self._response(request, key, entry)

    async def rendered(self, key: str, tags: Collection[str], render: Callable[[], Awaitable[Rendered]]) -> Rendered:
        """As `answer`, for what depends on more than path and query; nothing stands in for a database that is away.

        key: of everything that the answer depends on.
        """
        entry = self._fresh(key) or await self._rendered_once(key, frozenset(tags), render)
        return entry.rendered

    async def _rendered_once(self, key: str, tags: frozenset[str], render: Callable[[], Awaitable[Rendered]]) -> _Entry:
        # Who comes later than a change must not get what was begun before it.
        flight = f"{key} {self._version(tags)}"
        running = self._rendering.get(flight)
        if running is not None:
            return await asyncio.shield(running)
        future = self._rendering[flight] = asyncio.get_running_loop().create_future()
        try:
            entry = await self._render(key, tags, render)
        except BaseException as error:
            # A cancellation is meant for this request; those that wait may ask again.
            waiting = error if isinstance(error, Exception) else TransientError("The request was cancelled.")
            future.set_exception(waiting)
            future.exception()  # it is no loss if nobody waits
            raise
        else:
            future.set_result(entry)
            return entry
        finally:
            del self._rendering[flight]

    async def _render(self, key: str, tags: frozenset[str], render: Callable[[], Awaitable[Rendered]]) -> _Entry:
        version, was_subscribed = self._version(tags), self._is_subscribed
        rendered = await render()
        entry = _Entry(
            rendered=rendered,
            etag=rendered.etag or content_etag(rendered.content),
            tags=tags,
            expires=self._monotonic() + rendered.seconds,
        )
        if was_subscribed and self._is_subscribed and version == self._version(tags):
            self._put(key, entry)
        return entry

    def _version(self, tags: frozenset[str]) -> tuple[int, ...]:
        return (*tuple(self._last_change.get(tag, 0) for tag in sorted(tags)), self._last_all)

    def _fresh(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None or not self._is_subscribed or self._monotonic() >= entry.expires:
            return None
        self._entries.move_to_end(key)
        return entry

    def _stale(self, key: str) -> _Entry | None:
        is_recent = self._is_subscribed or self._monotonic() - self._lost_at < STALE_SECONDS
        return self._entries.get(key) if is_recent else None

    def _put(self, key: str, entry: _Entry) -> None:
        self._remove(key)
        self._entries[key] = entry
        self._bytes += entry.size
        for tag in entry.tags:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        self._make_room()

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size
        for tag in entry.tags:
            keys = self._keys_by_tag.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._keys_by_tag[tag]

    async def _response(self, request: Request, key: str, entry: _Entry, *, is_stale: bool = False) -> Response:
        cache_control = "private, no-cache" if is_stale else f"private, max-age={entry.rendered.max_age}"
        headers = {"etag": entry.etag, "cache-control": cache_control, "vary": "Accept-Encoding"}
        if is_stale:
            headers["warning"] = '110 - "Response is stale"'
        if matches_weakly(", ".join(request.headers.getlist("if-none-match")), entry.etag):
            return Response(status_code=304, headers=headers)
        content, coding = entry.rendered.content, _coding_for(request, entry.rendered.content)
        if coding is not None:
            headers |= {"content-encoding": coding, "etag": compressed_etag(entry.etag, coding)}
            content = await self._encoded(key, entry, coding)
        return Response(content, media_type=entry.rendered.media_type, headers=headers)

    async def _encoded(self, key: str, entry: _Entry, coding: str) -> bytes:
        """The content in a coding, which is made once for many requests and stays with the entry."""
        async with entry.encoding:
            if coding not in entry.encoded:
                content, compress = entry.rendered.content, _CODINGS[coding]
                is_large = len(content) >= _THREAD_BYTES
                encoded = await asyncio.to_thread(compress, content) if is_large else compress(content)
                self._bytes += len(encoded) if self._entries.get(key) is entry else 0
                entry.encoded[coding] = encoded
                self._make_room()
            return entry.encoded[coding]

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes or len(self._entries) > MAX_ENTRIES:
            self._remove(next(iter(self._entries)))

    def _drop_all(self) -> None:
        self._entries.clear()
        self._keys_by_tag.clear()
        self._bytes = 0
        self._changes += 1
        self._last_all = self._changes
        self._last_change.clear()


def _key(request: Request) -> str:
    return f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"


def _brotli(content: bytes) -> bytes:
    return bytes(brotli.compress(content, quality=4))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # it has no types


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


# The best one first: of the largest battle brotli is a fifth smaller than gzip in two thirds of its time.
_CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"br": _brotli, "gzip": _gzip}


def _coding_for(request: Request, content: bytes) -> str | None:
    if len(content) < MIN_BYTES:
        return None
    accepted = ",".join(request.headers.getlist("accept-encoding"))
    return next((coding for coding in _CODINGS if accepts_coding(coding, accepted)), None)
