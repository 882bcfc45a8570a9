"""zKillboard's history on the feed's host: per day a list of ids and hashes, and a file of bodies."""

import codecs
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import IO, Any, Final, cast

from battlescope_events.upstream.client import UpstreamClient
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.domain.record_splitter import split_json_object
from ingest_backfill.errors import MalformedSource
from ingest_backfill.persistence.days import Day
from ingest_backfill.sources.base import DayContents, DayTotals, download, in_parts, parse_json, read_ahead

_READ_BYTES: Final = 4 * 1024 * 1024


class ZkillboardHistorySource:
    def __init__(self, upstream: UpstreamClient, url: str) -> None:
        self._upstream, self._url = upstream, f"{url.rstrip('/')}/history"
        self._totals = DayTotals(upstream, f"{self._url}/totals.json")

    @asynccontextmanager
    async def open(self, day: Day) -> AsyncGenerator[DayContents]:
        hashes_url = f"{self._url}/{day.day:%Y%m%d}.json"
        with tempfile.TemporaryFile() as hashes_file, tempfile.TemporaryFile() as bodies_file:
            await download(self._upstream, hashes_url, hashes_file)
            await download(self._upstream, f"{self._url}/raw/{day.day:%Y%m%d}.json", bodies_file)
            hashes = _parse_hashes(hashes_file.read(), hashes_url)
            entries = _join(bodies_file, hashes)
            yield DayContents(read_ahead(in_parts(entries)), await self._totals.of(day))


def _parse_hashes(text: bytes, url: str) -> dict[str, str]:
    """Both formats that exist: a map from id to hash, and a list of objects with id and hash."""
    document = parse_json(text, url)
    if isinstance(document, list):
        entries = [cast("dict[str, Any]", entry) for entry in cast("list[Any]", document) if isinstance(entry, dict)]
        pairs = [(entry.get("killmail_id"), entry.get("hash", entry.get("killmail_hash"))) for entry in entries]
        return {str(i): h for i, h in pairs if i and isinstance(h, str)}
    if not isinstance(document, dict):
        raise MalformedSource(f"{url} is neither a map nor a list of ids and hashes.")
    return {i: h for i, h in cast("dict[str, Any]", document).items() if isinstance(h, str)}


def _join(bodies_file: IO[bytes], hashes: dict[str, str]) -> Iterator[SourceEntry]:
    """Bodies with their hashes, then the listed ids that have no body."""
    pieces = codecs.iterdecode(iter(lambda: bodies_file.read(_READ_BYTES), b""), "utf-8")
    for killmail_id, body in split_json_object(pieces):
        yield SourceEntry(body.encode(), hashes.pop(killmail_id, None))
    for killmail_id, stated in hashes.items():
        yield SourceEntry(b"", stated, f"The history lists killmail {killmail_id} but has no body for it.")
