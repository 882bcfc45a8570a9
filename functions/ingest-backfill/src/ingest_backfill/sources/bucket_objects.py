"""NDJSON objects of our own bucket, named by the manifest."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager

from battlescope_events.errors import PermanentError
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_schemas.backfill import BackfillManifest
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.domain.record_splitter import LineSplitter
from ingest_backfill.errors import UnreadableSource
from ingest_backfill.persistence.days import Day
from ingest_backfill.sources.base import DayContents, part_sizes, read_ahead


class BucketObjectsSource:
    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    @asynccontextmanager
    async def open(self, day: Day, manifest: BackfillManifest) -> AsyncGenerator[DayContents]:
        keys = (manifest.objects or {}).get(day.day, ())
        yield DayContents(read_ahead(self._read_objects(keys)))

    async def _read_objects(self, keys: Iterable[str]) -> AsyncGenerator[list[SourceEntry]]:
        pending: list[SourceEntry] = []
        sizes = part_sizes()
        size = next(sizes)
        for key in keys:
            splitter, is_empty = LineSplitter(), True
            async for piece in self._stream(key):
                is_empty = False
                line_groups = splitter.feed(piece)
                while (lines := await asyncio.to_thread(_next, line_groups)) is not None:
                    pending += map(SourceEntry, lines)
                    while len(pending) >= size:
                        yield pending[:size]
                        del pending[:size]
                        size = next(sizes)
            if is_empty:
                raise UnreadableSource(f"The manifest's object {key} is empty.")
            pending += map(SourceEntry, splitter.finish())
        if pending:
            yield pending

    async def _stream(self, key: str) -> AsyncGenerator[bytes]:
        try:
            async for piece in self._storage.stream(key):
                yield piece
        except PermanentError as error:
            raise UnreadableSource(f"The manifest's object {key} cannot be read: {error}") from error


def _next(line_groups: Iterator[list[bytes]]) -> list[bytes] | None:
    return next(line_groups, None)
