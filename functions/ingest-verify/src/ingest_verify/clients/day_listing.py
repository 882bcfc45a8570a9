"""The source's lists, one per day, and its totals of all days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Final

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamUnavailable
from ingest_verify.domain import day_listing
from ingest_verify.errors import ListingNotPublished

UPSTREAM: Final = "r2z2"  # the name of its cooldown, which ingest-poll and ingest-backfill share
TOTALS_LIFETIME: Final = timedelta(minutes=10)  # one request serves a month of days, until the next timer event


def request_policy(rate: float) -> RequestPolicy:
    """`rate`: requests per second. A day of 200,000 killmails has 12 MB."""
    return RequestPolicy(rate=rate, total_timeout=60.0, max_bytes=64 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class DayListing:
    """The list of a day, and the length that the source states for it."""

    hashes_by_id: dict[int, str]
    total: int | None

    @property
    def is_incomplete(self) -> bool:
        """Around midnight the source publishes parts of a day."""
        return self.total is not None and len(self.hashes_by_id) < self.total


class DayListingClient:
    """zKillboard's history on the R2Z2 host."""

    def __init__(self, upstream: UpstreamClient, url: str, now: Callable[[], datetime]) -> None:
        self._upstream, self._now = upstream, now
        self._url = f"{url.rstrip('/')}/history"
        self._cached_totals: tuple[datetime, bytes] | None = None

    async def fetch_listing(self, day: date) -> DayListing:
        """The list of a day.

        Raises:
            ListingNotPublished: the source has none yet.
            UpstreamUnavailable: the source does not respond, refuses the request, is cooling down or sends no list.
        """
        body = await self._fetch(f"{self._url}/{day:%Y%m%d}.json")
        try:
            hashes_by_id = day_listing.parse_listing(body)
        except ValueError as error:
            raise UpstreamUnavailable(f"The list of {day} cannot be parsed: {error}.") from error
        return DayListing(hashes_by_id, await self._total(day))

    async def _total(self, day: date) -> int | None:
        if self._cached_totals is not None and self._now() - self._cached_totals[0] < TOTALS_LIFETIME:
            total = day_listing.day_total(self._cached_totals[1], day)
            if total is not None:  # a day that the cached totals lack may have been added since
                return total
        try:
            body = await self._fetch(f"{self._url}/totals.json")
        except ListingNotPublished:
            return None
        self._cached_totals = self._now(), body
        return day_listing.day_total(body, day)

    async def _fetch(self, url: str) -> bytes:
        try:
            response = await self._upstream.get(url)
        except ResponseTooLarge as error:
            raise UpstreamUnavailable(str(error)) from error
        if response.status == HTTPStatus.NOT_FOUND:
            raise ListingNotPublished("The source has no list of that day yet.")
        if response.status != HTTPStatus.OK:
            raise UpstreamUnavailable(f"The source responds with status {response.status}.")
        return response.body
