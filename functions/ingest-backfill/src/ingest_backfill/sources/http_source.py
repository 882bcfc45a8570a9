"""HTTP client of an external source: rate limited, cooling down after refusals, with a maximum body size."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import BinaryIO, Final, NamedTuple

import httpx2

from ingest_backfill.domain.cooldown import CooldownState, next_cooldown
from ingest_backfill.domain.resumable_download import PartialDownload
from ingest_backfill.errors import SourceCoolingDown, UnreadableSource
from ingest_backfill.persistence.cooldowns import Cooldowns

CONNECT_TIMEOUT_SECONDS: Final = 10.0
TOTAL_TIMEOUT_SECONDS: Final = 30.0  # for a day's archive of 3 MB with all interruptions; an event's delivery has 60 s
MAX_BODY_BYTES: Final = 512 * 1024 * 1024  # a day has 3 MB compressed and 45 MB uncompressed
RETRY_SECONDS: Final = 1.0  # doubled with each try
_MAX_TRIES: Final = 3
_REFUSAL_STATUSES: Final = frozenset({403, 420, 429})
_NOT_FOUND_STATUSES: Final = frozenset({400, 404, 422})
_BODY_STATUSES: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})

_log = logging.getLogger(__name__)


class RateLimiter:
    """Admits one request every 1/rate seconds; a pause never allows a burst."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._next = 0.0

    async def acquire(self) -> None:
        loop = asyncio.get_running_loop()
        starts_at = max(loop.time(), self._next)
        self._next = starts_at + self._interval
        if starts_at > loop.time():
            await asyncio.sleep(starts_at - loop.time())


class _Outcome(NamedTuple):
    """Result of a request. status: none without a complete response; problem: empty if the body is complete."""

    status: int | None
    retry_after: float | None
    problem: str


class HttpSource:
    """One external host. Its cooldown is stored in the database, so it survives a restart."""

    def __init__(
        self, name: str, client: httpx2.AsyncClient, store: Cooldowns, *, rate: float, now: Callable[[], datetime]
    ) -> None:
        self._name, self._client, self._store, self._now = name, client, store, now
        self._rate_limiter = RateLimiter(rate)

    async def fetch(self, url: str, into: BinaryIO, **headers: str) -> int:
        """Write the content and return the status: 200, or 400, 404 or 422 without content.

        An interrupted download is resumed where it stopped, if the source supports it.

        Raises:
            SourceCoolingDown: the source demands a pause or does not respond.
            UnreadableSource: it responds with another status, or with too much content.
        """
        cooldown, partial = await self._expired_cooldown(), PartialDownload()
        for tries_left in reversed(range(_MAX_TRIES)):
            status, retry_after, problem = await self._download(url, into, headers, partial)
            if status == HTTPStatus.OK and not problem:
                await self._reset_cooldown(cooldown)
                return status
            if status in _NOT_FOUND_STATUSES:
                return status
            if status in _REFUSAL_STATUSES or not tries_left:
                await self._cool_down(next_cooldown(status, retry_after, cooldown, self._now()), f"{url} {problem}.")
            if status is not None and HTTPStatus.OK < status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise UnreadableSource(f"{url} responds with status {status}.")
            await asyncio.sleep(RETRY_SECONDS * 2 ** (_MAX_TRIES - 1 - tries_left))
        raise AssertionError("The last try returns or raises.")

    async def _expired_cooldown(self) -> CooldownState:
        """The stored state; raises SourceCoolingDown while it forbids requests."""
        cooldown = await self._store.cooldown(self._name)
        if cooldown.quiet_until is not None and cooldown.quiet_until > self._now():
            raise SourceCoolingDown(self._name, cooldown.quiet_until, f"The source {self._name} is cooling down.")
        return cooldown

    async def _reset_cooldown(self, cooldown: CooldownState) -> None:
        if cooldown != CooldownState():
            await self._store.save_cooldown(self._name, CooldownState(), None)

    async def _cool_down(self, cooldown: CooldownState, reason: str) -> None:
        """Save the state, then raise SourceCoolingDown."""
        await self._store.save_cooldown(self._name, cooldown, reason)
        _log.warning("%s", reason, extra={"context": {"source": self._name, "bans": cooldown.bans}})
        raise SourceCoolingDown(self._name, cooldown.quiet_until or self._now(), reason)

    async def _download(self, url: str, into: BinaryIO, headers: dict[str, str], partial: PartialDownload) -> _Outcome:
        """One try. An interrupted response does not count as failed while each request adds bytes."""
        await self._rate_limiter.acquire()
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_SECONDS):
                while True:
                    size_before = partial.size
                    outcome = await self._request(url, into, headers, partial)
                    if outcome.status is not None or not partial.resume_headers or partial.size <= size_before:
                        return outcome
                    await self._rate_limiter.acquire()
        except TimeoutError:
            return _Outcome(None, None, f"takes longer than {TOTAL_TIMEOUT_SECONDS:.0f} s")

    async def _request(self, url: str, into: BinaryIO, headers: dict[str, str], partial: PartialDownload) -> _Outcome:
        request_headers = {**headers, **partial.resume_headers}
        try:
            async with self._client.stream("GET", url, headers=request_headers) as response:
                if response.status_code not in _BODY_STATUSES:
                    problem = f"responds with status {response.status_code}"
                    return _Outcome(response.status_code, _retry_after(response), problem)
                if not partial.accept_response(response.status_code, response.headers):
                    into.seek(0)
                    into.truncate()
                await _append_body(response, into, partial)
        except httpx2.HTTPError as error:
            return _Outcome(None, None, f"does not respond: {error!r}")
        except ValueError as error:
            return _Outcome(None, None, str(error))
        into.seek(0)
        return _Outcome(HTTPStatus.OK, None, "")


async def _append_body(response: httpx2.Response, into: BinaryIO, partial: PartialDownload) -> None:
    into.seek(partial.size)
    async for piece in response.aiter_bytes():
        into.write(piece)
        partial.size += len(piece)
        if partial.size > MAX_BODY_BYTES:
            raise UnreadableSource(f"{response.url} has more than {MAX_BODY_BYTES} bytes, which no day has.")


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds of Retry-After, or until ESI resets its error limit."""
    stated = response.headers.get("retry-after") or response.headers.get("x-esi-error-limit-reset")
    return float(stated) if stated and stated.isdecimal() else None
