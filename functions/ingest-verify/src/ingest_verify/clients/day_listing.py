"""Client of the source's lists, one per day, and its totals of all days; uses an eighth of the allowed rate."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx2

from ingest_verify.domain import day_listing
from ingest_verify.domain.cooldown import CooldownState, next_cooldown
from ingest_verify.errors import ListingNotPublished, SourceUnavailable
from ingest_verify.persistence.unit_of_work import Database

SOURCE: Final = "r2z2"  # the name under which ingest-backfill stores the cooldown of the same host
MAX_BODY_BYTES: Final = 64 * 1024 * 1024  # a day of 200,000 killmails has 12 MB
TOTAL_TIMEOUT_SECONDS: Final = 60.0
TOTALS_LIFETIME: Final = timedelta(minutes=10)  # one request serves a month of days, until the next timer event
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DayListing:
    """The list of a day, and the length that the source states for it."""

    hashes_by_id: dict[int, str]
    total: int | None

    @property
    def is_incomplete(self) -> bool:
        """Around midnight the source publishes parts of a day."""
        return self.total is not None and len(self.hashes_by_id) < self.total


class RateLimiter:
    """Admits one request every 1/rate seconds; a pause never allows a burst."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._next = 0.0

    async def acquire(self) -> None:
        now = asyncio.get_running_loop().time()
        starts_at = max(now, self._next)
        self._next = starts_at + self._interval
        await asyncio.sleep(starts_at - now)


class _Outcome(NamedTuple):
    """Result of a request. status: none without a response; problem: empty if the body is complete."""

    status: int | None
    problem: str = ""
    retry_after: float | None = None
    body: bytes = b""


class DayListingClient:
    """zKillboard's history on the R2Z2 host."""

    def __init__(
        self, client: httpx2.AsyncClient, url: str, database: Database, now: Callable[[], datetime], *, rate: float
    ) -> None:
        self._client, self._database, self._now = client, database, now
        self._url = f"{url.rstrip('/')}/history"
        self._rate_limiter = RateLimiter(rate)
        self._cached_totals: tuple[datetime, bytes] | None = None

    async def fetch_listing(self, day: date) -> DayListing:
        """The list of a day.

        Raises:
            ListingNotPublished: the source has none yet.
            SourceUnavailable: the source does not respond, refuses the request or is cooling down.
        """
        body = await self._fetch(f"{self._url}/{day:%Y%m%d}.json")
        try:
            hashes_by_id = day_listing.parse_listing(body)
        except ValueError as error:
            raise SourceUnavailable(f"The list of {day} cannot be parsed: {error}.") from error
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
        await self._rate_limiter.acquire()
        cooldown = await self._expired_cooldown()
        outcome = await self._get(url)
        if outcome.status == HTTPStatus.NOT_FOUND:
            raise ListingNotPublished("The source has no list of that day yet.")
        if outcome.problem:
            following = next_cooldown(outcome.status, outcome.retry_after, cooldown, self._now())
            await self._cool_down(following, outcome.problem)
        if cooldown != CooldownState():
            await self._save_cooldown(CooldownState(), None)
        return outcome.body

    async def _expired_cooldown(self) -> CooldownState:
        """The stored state; raises SourceUnavailable while it forbids requests."""
        async with self._database.unit_of_work() as uow:
            cooldown = await uow.cooldowns.load(SOURCE)
        if cooldown.quiet_until is not None and cooldown.quiet_until > self._now():
            until = f"{cooldown.quiet_until:%Y-%m-%d %H:%M:%S}"
            raise SourceUnavailable(f"The source is cooling down. Next request not before {until} UTC.")
        return cooldown

    async def _cool_down(self, cooldown: CooldownState, problem: str) -> None:
        """Save the state for every function that requests this source, then raise SourceUnavailable."""
        await self._save_cooldown(cooldown, problem)
        _log.warning("%s", problem, extra={"context": {"source": SOURCE, "bans": cooldown.bans}})
        raise SourceUnavailable(problem)

    async def _save_cooldown(self, cooldown: CooldownState, reason: str | None) -> None:
        async with self._database.unit_of_work() as uow:
            await uow.cooldowns.save(SOURCE, cooldown, reason)

    async def _get(self, url: str) -> _Outcome:
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_SECONDS), self._client.stream("GET", url) as response:
                return await _read_response(response)
        except TimeoutError:
            return _Outcome(None, f"The source took longer than {TOTAL_TIMEOUT_SECONDS:.0f} s.")
        except httpx2.HTTPError as error:
            return _Outcome(None, f"The source does not respond: {error!r}.")


async def _read_response(response: httpx2.Response) -> _Outcome:
    if response.status_code != HTTPStatus.OK:
        stated = response.headers.get("retry-after") or ""
        retry_after = float(stated) if stated.isdecimal() else None
        return _Outcome(response.status_code, f"The source responds with status {response.status_code}.", retry_after)
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return _Outcome(response.status_code, f"The source returns more than {MAX_BODY_BYTES} bytes.")
    return _Outcome(response.status_code, body=bytes(body))
