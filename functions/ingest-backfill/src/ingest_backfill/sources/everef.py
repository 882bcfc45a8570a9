"""EVE Ref: one archive per day."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from battlescope_events.upstream.client import UpstreamClient
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.domain.record_splitter import split_tar
from ingest_backfill.persistence.days import Day
from ingest_backfill.sources.base import DayContents, DayTotals, download, in_parts, read_ahead


class EverefSource:
    def __init__(self, upstream: UpstreamClient, url: str) -> None:
        self._upstream, self._url = upstream, f"{url.rstrip('/')}/killmails"
        self._totals = DayTotals(upstream, f"{self._url}/totals.json")

    @asynccontextmanager
    async def open(self, day: Day) -> AsyncGenerator[DayContents]:
        url = f"{self._url}/{day.day:%Y}/killmails-{day.day}.tar.bz2"
        with tempfile.TemporaryFile() as file:
            await download(self._upstream, url, file)
            entries = (SourceEntry(text) for text in split_tar(file))
            yield DayContents(read_ahead(in_parts(entries)), await self._totals.of(day))
