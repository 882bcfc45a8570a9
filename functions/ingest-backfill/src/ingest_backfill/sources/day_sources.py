"""The mails of one day, from each kind of source, in parts that fit into memory."""

import asyncio
import codecs
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import chain, islice, repeat
from typing import IO, Any, Final, TypeVar, cast

import orjson

from battlescope_schemas.backfill import BackfillManifest
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.domain.record_splitter import MalformedRecords, LineSplitter, split_json_object, split_tar
from ingest_backfill.errors import DayNotFound, UnreadableSource
from ingest_backfill.persistence.object_storage import ObjectStorage
from ingest_backfill.persistence.days import Day
from ingest_backfill.sources.http_source import HttpSource

T = TypeVar("T")
MAILS_A_PART: Final = 3000
"""30 MB at most; larger ones save whoever groups them hardly anything."""
# Of mails that are fetched one by one: at two a second a part takes 8 s, and a step must end before its event does.
FETCHED_A_PART: Final = 16
TOTALS_SECONDS: Final = 3600.0
_WINDOW: Final = 4 * 1024 * 1024
COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI demands one; pinned, so that answers change only when we say so


@dataclass(frozen=True, slots=True)
class DayContents:
    """A day at its source: how many mails the source says it has, and the mails. `one_by_one`: each is a request."""

    parts: AsyncIterator[list[SourceEntry]]
    expected: int | None = None
    fetched_individually: bool = False


class DayTotals:
    """How many mails the source says each day has; asked for once an hour at most."""

    def __init__(self, source: HttpSource, url: str) -> None:
        self._source, self._url = source, url
        self._read_at = -TOTALS_SECONDS
        self._days: dict[str, Any] = {}

    async def of(self, day: Day) -> int | None:
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= TOTALS_SECONDS:
            text = BytesIO()
            status = await self._source.fetch(self._url, text)
            self._days = _object(text.read(), self._url) if status == 200 else {}  # noqa: PLR2004  # HTTP's OK
            self._read_at = now
        count = self._days.get(f"{day.day:%Y%m%d}")
        return count if isinstance(count, int) else None


class EverefSource:
    """EVE Ref's daily archives."""

    def __init__(self, source: HttpSource, url: str) -> None:
        self._source, self._url = source, f"{url.rstrip('/')}/killmails"
        self._totals = DayTotals(source, f"{self._url}/totals.json")

    @asynccontextmanager
    async def open(self, day: Day) -> AsyncGenerator[DayContents]:
        url = f"{self._url}/{day.day:%Y}/killmails-{day.day}.tar.bz2"
        with tempfile.TemporaryFile() as file:
            await _found(self._source, url, file)
            entries = (SourceEntry(text) for text in split_tar(file))
            yield DayContents(_ahead(_parts(entries)), await self._totals.of(day))


class ZkillboardHistorySource:
    """zKillboard's history on the feed's host: a list of ids with their hashes, and the bodies."""

    def __init__(self, source: HttpSource, url: str) -> None:
        self._source, self._url = source, f"{url.rstrip('/')}/history"
        self._totals = DayTotals(source, f"{self._url}/totals.json")

    @asynccontextmanager
    async def open(self, day: Day) -> AsyncGenerator[DayContents]:
        hashes_url = f"{self._url}/{day.day:%Y%m%d}.json"
        with tempfile.TemporaryFile() as listed, tempfile.TemporaryFile() as file:
            await _found(self._source, hashes_url, listed)
            await _found(self._source, f"{self._url}/raw/{day.day:%Y%m%d}.json", file)
            hashes = _hashes(listed.read(), hashes_url)
            yield DayContents(_ahead(_parts(_joined(file, hashes))), await self._totals.of(day))


class BucketObjectsSource:
    """NDJSON objects of our own bucket."""

    def __init__(self, archive: ObjectStorage) -> None:
        self._archive = archive

    @asynccontextmanager
    async def open(self, day: Day, manifest: BackfillManifest) -> AsyncGenerator[DayContents]:
        keys = (manifest.objects or {}).get(day.day, ())
        yield DayContents(_ahead(self._lines(keys)))

    async def _lines(self, keys: Iterable[str]) -> AsyncGenerator[list[SourceEntry]]:
        waiting: list[SourceEntry] = []
        sizes = _sizes()
        size = next(sizes)
        for key in keys:
            lines, empty = LineSplitter(), True
            async for piece in self._archive.stream(key):
                empty = False
                feeding = lines.feed(piece)
                while (found := await asyncio.to_thread(_next, feeding)) is not None:
                    waiting += map(SourceEntry, found)
                    while len(waiting) >= size:
                        yield waiting[:size]
                        del waiting[:size]
                        size = next(sizes)
            if empty:
                raise UnreadableSource(f"The object {key} that the manifest names is not there, or is empty.")
            waiting += map(SourceEntry, lines.finish())
        if waiting:
            yield waiting


class EsiSource:
    """Ids and hashes of the manifest; the bodies are ESI's, one by one."""

    def __init__(self, source: HttpSource, url: str) -> None:
        self._source, self._url = source, f"{url.rstrip('/')}/killmails"

    @asynccontextmanager
    async def open(self, day: Day, manifest: BackfillManifest) -> AsyncGenerator[DayContents]:
        wanted = sorted((manifest.killmails or {}).get(day.day, {}).items())
        open_ones = [(i, h) for i, h in wanted if day.decided_until is None or i > day.decided_until]
        yield DayContents(self._fetched(open_ones), len(wanted), fetched_individually=True)

    async def _fetched(self, wanted: list[tuple[int, str]]) -> AsyncGenerator[list[SourceEntry]]:
        """Only ids and hashes; a part is fetched by `complete` when it is known which of it are new."""
        for first in range(0, len(wanted), FETCHED_A_PART):
            yield [SourceEntry(str(i).encode(), h) for i, h in wanted[first : first + FETCHED_A_PART]]

    async def fetch_body(self, entry: SourceEntry) -> SourceEntry:
        """The entry with its body, or with the reason why there is none."""
        killmail_id, body = int(entry.raw), BytesIO()
        url = f"{self._url}/{killmail_id}/{entry.hash}"
        status = await self._source.fetch(url, body, **{"X-Compatibility-Date": COMPATIBILITY_DATE})
        if status == 200:  # noqa: PLR2004  # HTTP's OK
            return SourceEntry(body.read(), entry.hash)
        return entry._replace(failure=f"ESI has no killmail {killmail_id} with this hash (status {status}).")


async def _found(source: HttpSource, url: str, file: IO[bytes]) -> None:
    status = await source.fetch(url, file)  # pyright: ignore[reportArgumentType]  # a file that is open for bytes
    if status == 404:  # noqa: PLR2004  # HTTP's not found
        raise DayNotFound(f"{url} does not exist.")
    if status != 200:  # noqa: PLR2004  # HTTP's OK
        raise UnreadableSource(f"{url} answers with status {status}.")


def _object(text: bytes, url: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnreadableSource(f"{url} is not JSON: {error}.") from error


def _hashes(text: bytes, url: str) -> dict[str, str]:
    """Both shapes that were seen: a map from id to hash, and a list of such pairs as objects."""
    document = _object(text, url)
    if isinstance(document, list):
        entries = cast("list[dict[str, Any]]", document)
        pairs = [(e.get("killmail_id"), e.get("hash", e.get("killmail_hash"))) for e in entries]
        return {str(i): str(h) for i, h in pairs if i and h}
    if not isinstance(document, dict):
        raise UnreadableSource(f"{url} is neither a map nor a list of ids and hashes.")
    return {str(i): str(h) for i, h in cast("dict[str, Any]", document).items()}


def _joined(file: IO[bytes], hashes: dict[str, str]) -> Iterator[SourceEntry]:
    """Bodies with their hashes, then those that are listed and have no body."""
    pieces = codecs.iterdecode(iter(lambda: file.read(_WINDOW), b""), "utf-8")
    for killmail_id, body in split_json_object(pieces):
        yield SourceEntry(body.encode(), hashes.pop(killmail_id, None))
    for killmail_id, stated in hashes.items():
        yield SourceEntry(b"", stated, f"The history lists killmail {killmail_id} and has no body of it.")


def _next(iterator: Iterator[T]) -> T | None:
    return next(iterator, None)


def _sizes() -> Iterator[int]:
    """The first parts are smaller, so that the functions that follow begin sooner."""
    return chain((MAILS_A_PART // 4, MAILS_A_PART // 2), repeat(MAILS_A_PART))


async def _parts(entries: Iterator[SourceEntry]) -> AsyncGenerator[list[SourceEntry]]:
    """Unpacked in a thread: packing knows no other work, and bz2 lets others run meanwhile."""
    for size in _sizes():
        part = await asyncio.to_thread(_taken, entries, size)
        if not part:
            return
        yield part


def _taken(entries: Iterator[SourceEntry], size: int) -> list[SourceEntry]:
    return list(islice(entries, size))


async def _ahead(parts: AsyncGenerator[list[SourceEntry]]) -> AsyncGenerator[list[SourceEntry]]:
    """The same, while the next part is already being read."""
    reading = asyncio.ensure_future(anext(parts, None))
    try:
        while (part := await reading) is not None:
            reading = asyncio.ensure_future(anext(parts, None))
            yield part
    except (MalformedRecords, UnicodeDecodeError) as error:
        raise UnreadableSource(str(error)) from error
    finally:
        await _end(reading)
        await parts.aclose()


async def _end(reading: "asyncio.Future[list[SourceEntry] | None]") -> None:
    """A thread cannot be stopped, so it is waited for: the file it reads is closed next."""
    await asyncio.wait([reading])
    if not reading.cancelled():
        reading.exception()
