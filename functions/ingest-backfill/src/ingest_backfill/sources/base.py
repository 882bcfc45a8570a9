"""What the kinds of source share: the contents of a day, their division into parts, and the source's own totals."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain, islice, repeat
from typing import IO, Any, Final, cast

import orjson

from battlescope_events.upstream.client import UpstreamClient
from battlescope_events.upstream.errors import ResponseTooLarge
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.domain.record_splitter import MalformedRecords
from ingest_backfill.errors import DayNotFound, MalformedSource, UnreadableSource
from ingest_backfill.persistence.days import Day

KILLMAILS_PER_PART: Final = 1500
"""Larger parts save battle-cluster hardly any work, and hold more memory in each function."""
TOTALS_SECONDS: Final = 3600.0
_MAX_COUNT: Final = 2**31 - 1  # of an integer column


@dataclass(frozen=True, slots=True)
class DayContents:
    """A day's killmails at its source, in parts that fit into memory.

    expected: how many killmails the source states. fetched_individually: every killmail is a request of its own.
    """

    parts: AsyncIterator[list[SourceEntry]]
    expected: int | None = None
    fetched_individually: bool = False


class DayTotals:
    """How many killmails the source states for each day; requested at most once per `TOTALS_SECONDS`."""

    def __init__(self, upstream: UpstreamClient, url: str) -> None:
        self._upstream, self._url = upstream, url
        self._fetched_at = -TOTALS_SECONDS
        self._counts: dict[str, int] = {}

    async def of(self, day: Day) -> int | None:
        now = asyncio.get_running_loop().time()
        if now - self._fetched_at >= TOTALS_SECONDS:
            response = await self._upstream.get(self._url)
            self._counts = _counts(response.body) if response.status == HTTPStatus.OK else {}
            self._fetched_at = now
        return self._counts.get(f"{day.day:%Y%m%d}")


def _counts(text: bytes) -> dict[str, int]:
    """Empty where the text is no map: totals only tell whether something is missing."""
    try:
        document: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(document, dict):
        return {}
    counts = cast("dict[str, Any]", document)
    return {day: count for day, count in counts.items() if type(count) is int and 0 <= count <= _MAX_COUNT}


async def download(upstream: UpstreamClient, url: str, file: IO[bytes]) -> None:
    """Fetch a file of the day.

    Raises:
        DayNotFound: it does not exist.
        UnreadableSource: the source responds with another status, or with more than a day has.
        UpstreamUnavailable: the source demands a pause or does not respond.
    """
    try:
        status = await upstream.download(url, file)
    except ResponseTooLarge as error:
        raise UnreadableSource(str(error)) from error
    if status == HTTPStatus.NOT_FOUND:
        raise DayNotFound(f"{url} does not exist.")
    if status != HTTPStatus.OK:
        raise UnreadableSource(f"{url} responds with status {status}.")


def parse_json(text: bytes, url: str) -> Any:
    """Parse a JSON file of a source.

    Raises:
        MalformedSource: it is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedSource(f"{url} is not JSON: {error}.") from error


def part_sizes() -> Iterator[int]:
    """The first parts are smaller, so that the following functions start sooner."""
    return chain((KILLMAILS_PER_PART // 4, KILLMAILS_PER_PART // 2), repeat(KILLMAILS_PER_PART))


async def in_parts(entries: Iterator[SourceEntry]) -> AsyncGenerator[list[SourceEntry]]:
    """Read in a thread: decompression blocks, but bz2 releases the interpreter lock meanwhile."""
    for size in part_sizes():
        part = await asyncio.to_thread(_take, entries, size)
        if not part:
            return
        yield part


def _take(entries: Iterator[SourceEntry], size: int) -> list[SourceEntry]:
    return list(islice(entries, size))


async def read_ahead(parts: AsyncGenerator[list[SourceEntry]]) -> AsyncGenerator[list[SourceEntry]]:
    """The same parts; the next one is read while the caller processes the current one.

    Raises:
        MalformedSource: the content is malformed.
    """
    reading = asyncio.ensure_future(anext(parts, None))
    try:
        while (part := await reading) is not None:
            reading = asyncio.ensure_future(anext(parts, None))
            yield part
    except (MalformedRecords, UnicodeDecodeError) as error:
        raise MalformedSource(str(error)) from error
    finally:
        await _wait_for(reading)
        await parts.aclose()


async def _wait_for(reading: "asyncio.Future[list[SourceEntry] | None]") -> None:
    """A thread cannot be cancelled, and the caller closes its file next, so wait until the thread ends."""
    await asyncio.wait([reading])
    if not reading.cancelled():
        reading.exception()
