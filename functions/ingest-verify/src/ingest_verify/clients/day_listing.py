"""Asking the source for its lists: one a day and the totals of all days, at an eighth of the pace that it allows."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx2

from ingest_verify.domain import day_listing
from ingest_verify.domain.cooldown import CooldownState, next_cooldown
from ingest_verify.errors import ListingNotPublished, SourceUnavailable
from ingest_verify.persistence import cooldowns as sql
from ingest_verify.persistence.transaction import Store

HOST: Final = "r2z2"  # as ingest-backfill calls it
LARGEST: Final = 64 * 1024 * 1024  # a day of 200,000 mails has 12 MB
TOTAL_SECONDS: Final = 60.0
TOTALS_FOR: Final = timedelta(minutes=10)  # a month of days needs them once, and the next tick anew
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DayListing:
    """The list of a day, and how long the source itself says that it is."""

    hashes_by_id: dict[int, str]
    total: int | None

    @property
    def is_incomplete(self) -> bool:
        """Around midnight the source writes pieces of a day."""
        return self.total is not None and len(self.hashes_by_id) < self.total


class RateLimiter:
    """Lets one through every 1/rate seconds; no burst ever makes up for a pause."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = 0.0

    async def acquire(self) -> None:
        now = asyncio.get_running_loop().time()
        at = max(now, self._next)
        self._next = at + self._gap
        await asyncio.sleep(at - now)


class _Answer(NamedTuple):
    """No status: there was none. Stated: how long the source wants to be left alone."""

    status: int | None
    problem: str = ""
    stated: float | None = None
    body: bytes = b""


class DayListingClient:
    """The R2Z2 host's history."""

    def __init__(
        self, client: httpx2.AsyncClient, url: str, store: Store, now: Callable[[], datetime], *, rate: float
    ) -> None:
        self._client, self._store, self._now = client, store, now
        self._url = f"{url.rstrip('/')}/history"
        self._spacing = RateLimiter(rate)
        self._totals: tuple[datetime, bytes] | None = None

    async def fetch_listing(self, fetch_listing: date) -> DayListing:
        """The list of a day.

        Raises:
            NotPublished: there is none yet.
            Unavailable: the source does not answer, or does not want to be asked.
        """
        body = await self._ask(f"{self._url}/{fetch_listing:%Y%m%d}.json")
        try:
            hashes_by_id = day_listing.parse_listing(body)
        except ValueError as error:
            raise SourceUnavailable(f"The list of {fetch_listing} cannot be read: {error}.") from error
        return DayListing(hashes_by_id, await self._total(fetch_listing))

    async def _total(self, fetch_listing: date) -> int | None:
        if self._totals is not None and self._now() - self._totals[0] < TOTALS_FOR:
            told = day_listing.day_total(self._totals[1], fetch_listing)
            if told is not None:  # a day that was not among them may be by now
                return told
        try:
            body = await self._ask(f"{self._url}/totals.json")
        except ListingNotPublished:
            return None
        self._totals = self._now(), body
        return day_listing.day_total(body, fetch_listing)

    async def _ask(self, url: str) -> bytes:
        await self._spacing.acquire()
        manners = await self._manners()
        answer = await self._get(url)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise ListingNotPublished("The source has no list of that day yet.")
        if answer.problem:
            await self._leave_alone(next_cooldown(answer.status, answer.stated, manners, self._now()), answer.problem)
        if manners != CooldownState():
            await self._mind(CooldownState(), None)
        return answer.body

    async def _manners(self) -> CooldownState:
        async with self._store.transaction() as session:
            (manners,) = await session.fetch_objects(CooldownState, sql.MANNERS, {"source": HOST}) or [CooldownState()]
        if manners.quiet_until is not None and manners.quiet_until > self._now():
            raise SourceUnavailable(f"The source is left alone until {manners.quiet_until:%Y-%m-%d %H:%M:%S} UTC.")
        return manners

    async def _leave_alone(self, manners: CooldownState, problem: str) -> None:
        """Raise Unavailable, once it is written down for all who ask this source."""
        await self._mind(manners, problem)
        _log.warning("%s", problem, extra={"context": {"source": HOST, "bans": manners.bans}})
        raise SourceUnavailable(problem)

    async def _mind(self, manners: CooldownState, reason: str | None) -> None:
        await self._store.execute(sql.MIND, {"source": HOST, "reason": reason, **asdict(manners)})

    async def _get(self, url: str) -> _Answer:
        try:
            async with asyncio.timeout(TOTAL_SECONDS), self._client.stream("GET", url) as answer:
                return await _read(answer)
        except TimeoutError:
            return _Answer(None, f"The source took longer than {TOTAL_SECONDS:.0f} s.")
        except httpx2.HTTPError as error:
            return _Answer(None, f"The source does not answer: {error!r}.")


async def _read(answer: httpx2.Response) -> _Answer:
    if answer.status_code != HTTPStatus.OK:
        stated = answer.headers.get("retry-after") or ""
        wait = float(stated) if stated.isdecimal() else None
        return _Answer(answer.status_code, f"The source answers with status {answer.status_code}.", wait)
    parts = bytearray()
    async for part in answer.aiter_bytes():
        parts += part
        if len(parts) > LARGEST:
            return _Answer(answer.status_code, f"The source answers with more than {LARGEST} bytes.")
    return _Answer(answer.status_code, body=bytes(parts))
