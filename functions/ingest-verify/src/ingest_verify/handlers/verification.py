"""Compares the stored killmails of a day with the source's list; missing ones become a backfill job."""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.objects import JSON
from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_schemas.backfill import job_id
from ingest_verify.clients.day_listing import DayListing, DayListingClient
from ingest_verify.domain.manifests import missing_killmails_manifest
from ingest_verify.errors import ListingNotPublished
from ingest_verify.persistence.unit_of_work import Database
from ingest_verify.persistence.verifications import VerificationResult

GIVE_UP_AFTER: Final = timedelta(days=2)  # a list that is not published and complete by then will not be
MAX_IDS_IN_NOTE: Final = 10
_log = logging.getLogger(__name__)


class Verifier:
    def __init__(
        self,
        database: Database,
        listings: DayListingClient,
        bucket: BucketClient,
        clock: Callable[[], datetime],
        *,
        enabled: bool,
    ) -> None:
        self._database, self._listings, self._bucket = database, listings, bucket
        self._clock, self._enabled = clock, enabled

    async def verify_open_days(self) -> None:
        """Open yesterday if enabled, and verify every open day until the source refuses a request."""
        now = self._clock()
        async with self._database.unit_of_work() as uow:
            if self._enabled:
                await uow.verifications.open(now.date() - timedelta(days=1), now)
            open_days = await uow.verifications.open_days()
        for open_day in open_days:
            if not await self._verify(open_day.day, open_day.opened_at):
                break
        async with self._database.unit_of_work() as uow:
            await uow.verifications.give_up(now - GIVE_UP_AFTER, now)

    async def verify_day(self, day: date) -> None:
        """Verify a day again; if its list is not available now, timer events retry."""
        now = self._clock()
        async with self._database.unit_of_work() as uow:
            await uow.verifications.reopen(day, now)
        await self._verify(day, now)

    async def _verify(self, day: date, opened_at: datetime) -> bool:
        """Whether the source may be requested further.

        A refusal is stored and not raised: the Broker would redeliver a failed event within a second, although the
        source demands a pause.
        """
        try:
            listing = await self._listings.fetch_listing(day)
        except (ListingNotPublished, UpstreamUnavailable) as error:
            await self._save_problem(day, str(error))
            return isinstance(error, ListingNotPublished)
        if listing.is_incomplete and self._clock() - opened_at < GIVE_UP_AFTER - timedelta(hours=6):
            await self._save_problem(day, f"The list has {len(listing.hashes_by_id)} of {listing.total} killmails yet.")
            return True
        await self._complete(day, listing)
        return True

    async def _complete(self, day: date, listing: DayListing) -> None:
        async with self._database.unit_of_work() as uow:
            missing_ids = await uow.verifications.missing_ids(listing.hashes_by_id)
            other_bodies = await uow.verifications.other_bodies(listing.hashes_by_id)
        missing = {killmail_id: listing.hashes_by_id[killmail_id] for killmail_id in missing_ids}
        job = await self._order_backfill(day, missing) if missing else None
        result = VerificationResult(len(listing.hashes_by_id), len(missing), job, other_bodies_note(other_bodies))
        async with self._database.unit_of_work() as uow:
            await uow.verifications.complete(day, result, self._clock())

    async def _order_backfill(self, day: date, missing: dict[int, str]) -> str:
        """Write the manifest; returns the id of the job that ingest-backfill will create."""
        key, body = missing_killmails_manifest(day, missing)
        return job_id(key, await self._bucket.put(key, body, JSON))

    async def _save_problem(self, day: date, problem: str) -> None:
        _log.warning("%s is not verified yet: %s", day, problem)
        async with self._database.unit_of_work() as uow:
            await uow.verifications.save_problem(day, problem)


def other_bodies_note(killmail_ids: Sequence[int]) -> str | None:
    """A sentence for operators: the stored body counts, whichever the list has."""
    if not killmail_ids:
        return None
    shown = ", ".join(map(str, killmail_ids[:MAX_IDS_IN_NOTE]))
    more = " and others" if len(killmail_ids) > MAX_IDS_IN_NOTE else ""
    return (
        f"Killmails of the list that are stored with another body, which counts: {len(killmail_ids)} ({shown}{more})."
    )
