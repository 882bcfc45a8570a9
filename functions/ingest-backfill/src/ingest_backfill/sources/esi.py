"""ESI: the manifest names ids and hashes, and every body is a request of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from io import BytesIO
from typing import Final

from battlescope_schemas.backfill import BackfillManifest
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.persistence.days import Day
from ingest_backfill.sources.base import DayContents
from ingest_backfill.sources.http_source import HttpSource

# At two requests per second a part takes 8 s, and a step must end before the delivery of its event times out.
REQUESTS_PER_PART: Final = 16
COMPATIBILITY_DATE: Final = "2026-08-18"  # required by ESI; pinned, so that response formats change on purpose


class EsiSource:
    def __init__(self, source: HttpSource, url: str) -> None:
        self._source, self._url = source, f"{url.rstrip('/')}/killmails"

    @asynccontextmanager
    async def open(self, day: Day, manifest: BackfillManifest) -> AsyncGenerator[DayContents]:
        """The ids above `decided_until`; the bodies follow by `fetch_body`."""
        hashes = sorted((manifest.killmails or {}).get(day.day, {}).items())
        undecided = [(i, h) for i, h in hashes if day.decided_until is None or i > day.decided_until]
        yield DayContents(self._in_parts(undecided), len(hashes), fetched_individually=True)

    async def _in_parts(self, hashes: list[tuple[int, str]]) -> AsyncGenerator[list[SourceEntry]]:
        """Ids and hashes only: a body is fetched once it is known that its id is new."""
        for first in range(0, len(hashes), REQUESTS_PER_PART):
            yield [SourceEntry(str(i).encode(), h) for i, h in hashes[first : first + REQUESTS_PER_PART]]

    async def fetch_body(self, entry: SourceEntry) -> SourceEntry:
        """The entry with its body, or with the reason why ESI has none."""
        killmail_id, body = int(entry.raw), BytesIO()
        url = f"{self._url}/{killmail_id}/{entry.hash}"
        status = await self._source.fetch(url, body, **{"X-Compatibility-Date": COMPATIBILITY_DATE})
        if status == HTTPStatus.OK:
            return SourceEntry(body.read(), entry.hash)
        return entry._replace(failure=f"ESI has no killmail {killmail_id} with this hash (status {status}).")
