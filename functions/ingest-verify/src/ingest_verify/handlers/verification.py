"""A day's mails compared with the list of the source; what is missing becomes a job like any other."""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_schemas.backfill import job_id
from ingest_verify.clients.day_listing import DayListingClient, DayListing
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.domain.day_listing import missing_killmails_manifest
from ingest_verify.errors import ListingNotPublished, SourceUnavailable
from ingest_verify.persistence import verifications as sql
from ingest_verify.persistence.transaction import Store

GIVE_UP_AFTER: Final = timedelta(days=2)  # a list that is not there or whole by then will not come
_log = logging.getLogger(__name__)


class Verifier:
    def __init__(
        self, store: Store, history: DayListingClient, storage: ObjectStorage, clock: Callable[[], datetime], *, enabled: bool
    ) -> None:
        self._store, self._history, self._storage = store, history, storage
        self._clock, self._enabled = clock, enabled

    async def verify_open_days(self) -> None:
        """Open yesterday, and compare every day that is open, until the source does not want to be asked any more."""
        now = self._clock()
        if self._enabled:
            await self._store.execute(sql.OPEN, {"day": now.date() - timedelta(days=1), "now": now})
        async with self._store.transaction() as session:
            days: list[tuple[date, datetime]] = await session.fetch_rows(sql.OPEN_DAYS, {})
        for day, since in days:
            if not await self._compare(day, since):
                break
        await self._store.execute(sql.GIVE_UP, {"before": now - GIVE_UP_AFTER, "now": now})

    async def verify_day(self, day: date) -> None:
        """Compare a day again; if its list cannot be had now, ticks go on trying."""
        now = self._clock()
        await self._store.execute(sql.OPEN_AGAIN, {"day": day, "now": now})
        await self._compare(day, now)

    async def _compare(self, day: date, since: datetime) -> bool:
        """Whether the source may be asked for more.

        Its refusals are kept and not raised: an event that failed comes again within a second, which is impolite.
        """
        try:
            listed = await self._history.fetch_listing(day)
        except (ListingNotPublished, SourceUnavailable) as fault:
            await self._note(day, str(fault))
            return isinstance(fault, ListingNotPublished)
        if listed.is_incomplete and self._clock() - since < GIVE_UP_AFTER - timedelta(hours=6):
            await self._note(day, f"The list has {len(listed.hashes_by_id)} of {listed.total} mails yet.")
            return True
        await self._settle(day, listed)
        return True

    async def _settle(self, day: date, listed: DayListing) -> None:
        async with self._store.transaction() as session:
            rows = await session.fetch_rows(sql.MISSING, {"ids": list(listed.hashes_by_id)})
        missing = {killmail_id: listed.hashes_by_id[killmail_id] for (killmail_id,) in rows}
        job = await self._order(day, missing) if missing else None
        expected = len(listed.hashes_by_id)
        counts = {"expected": expected, "found": expected - len(missing), "missing": len(missing)}
        await self._store.execute(sql.COMPLETE, {"day": day, "job": job, "now": self._clock(), **counts})

    async def _order(self, day: date, missing: dict[int, str]) -> str:
        key, body = missing_killmails_manifest(day, missing)
        return job_id(key, await self._storage.put(key, body))

    async def _note(self, day: date, why: str) -> None:
        _log.warning("%s is not verified yet: %s", day, why)
        await self._store.execute(sql.NOTE, {"day": day, "why": why})
