"""ESI: the manifest names ids and hashes, and every body is a request of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamUnavailable
from battlescope_events.upstream.esi import Esi
from battlescope_schemas.backfill import BackfillManifest
from battlescope_schemas.killmail import is_json
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.errors import UnreadableSource
from ingest_backfill.persistence.days import Day
from ingest_backfill.sources.base import DayContents

# At two requests per second a part takes 8 s, and a step must end before the delivery of its event times out.
REQUESTS_PER_PART: Final = 16
_NOT_FOUND_STATUSES: Final = frozenset({400, 404, 422})


class EsiSource:
    def __init__(self, esi: Esi) -> None:
        self._esi = esi

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
        """The entry with its body, or with the reason why ESI has none.

        Raises:
            UnreadableSource: ESI responds with another status, or with more than a killmail has.
            UpstreamUnavailable: ESI demands a pause or does not respond.
        """
        killmail_id = int(entry.raw)
        try:
            response = await self._esi.get(f"killmails/{killmail_id}/{entry.hash}")
        except ResponseTooLarge as error:
            raise UnreadableSource(str(error)) from error
        if response.status == HTTPStatus.OK:
            if not is_json(response.body):
                raise UpstreamUnavailable(f"ESI responds for killmail {killmail_id} with what is no JSON.")
            return SourceEntry(response.body, entry.hash)
        reason = f"ESI has no killmail {killmail_id} with this hash (status {response.status})."
        if response.status not in _NOT_FOUND_STATUSES:
            raise UnreadableSource(reason)
        return entry._replace(failure=reason)
