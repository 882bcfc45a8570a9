"""Asking others for history: no faster than allowed, left alone as long as they wish, never more than fits."""

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
from ingest_backfill.persistence.jobs import Store

CONNECT_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 30.0  # for a day's archive of 3 MB, however often it breaks off; an event has 60 in all
LARGEST: Final = 512 * 1024 * 1024  # a day has 3 MB packed and 45 unpacked; more is no day
RETRY_SECONDS: Final = 1.0  # doubled with each
_TRIES: Final = 3
_SIGNALS: Final = frozenset({403, 420, 429})
_BODIES: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})

_log = logging.getLogger(__name__)


class RateLimiter:
    """Lets one through every 1/rate seconds; no burst ever makes up for a pause."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = 0.0

    async def acquire(self) -> None:
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._next)
        self._next = at + self._gap
        if at > loop.time():
            await asyncio.sleep(at - loop.time())


class _Outcome(NamedTuple):
    """Status (none: no whole answer), stated wait, and what is wrong with the answer."""

    status: int | None
    stated: float | None
    problem: str


class HttpSource:
    """One source of others. What it wished stands in the database, so that a new start does not forget it."""

    def __init__(
        self, name: str, client: httpx2.AsyncClient, store: Store, *, rate: float, now: Callable[[], datetime]
    ) -> None:
        self._name, self._client, self._store, self._now = name, client, store, now
        self._spacing = RateLimiter(rate)

    async def fetch(self, url: str, into: BinaryIO, **headers: str) -> int:
        """Write what lies there; the status tells whether anything does (200, or 400, 404 and 422 for nothing).

        What breaks off is continued where it broke, as far as the source can do that.

        Raises:
            SourceWaits: it wants to be left alone, or does not answer.
            Unreadable: it answers otherwise.
        """
        manners, received = await self._manners(), PartialDownload()
        for tries_left in reversed(range(_TRIES)):
            status, stated, problem = await self._whole(url, into, headers, received)
            if status == HTTPStatus.OK and not problem:
                await self._forget(manners)
                return status
            if status in {400, 404, 422}:
                return status
            if status in _SIGNALS or not tries_left:
                await self._wait(next_cooldown(status, stated, manners, self._now()), f"{url} {problem}.")
            if status is not None and HTTPStatus.OK < status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise UnreadableSource(f"{url} answers with status {status}.")
            await asyncio.sleep(RETRY_SECONDS * 2 ** (_TRIES - 1 - tries_left))
        raise AssertionError("The last try returns or raises.")

    async def _manners(self) -> CooldownState:
        manners = await self._store.cooldown(self._name)
        if manners.quiet_until is not None and manners.quiet_until > self._now():
            raise SourceCoolingDown(
                self._name, manners.quiet_until, f"The source {self._name} was asked too much before."
            )
        return manners

    async def _forget(self, manners: CooldownState) -> None:
        if manners != CooldownState():
            await self._store.save_cooldown(self._name, CooldownState(), None)

    async def _wait(self, manners: CooldownState, reason: str) -> None:
        """Raise SourceWaits, once that is written down."""
        await self._store.save_cooldown(self._name, manners, reason)
        _log.warning("%s", reason, extra={"context": {"source": self._name, "bans": manners.bans}})
        raise SourceCoolingDown(self._name, manners.quiet_until or self._now(), reason)

    async def _whole(self, url: str, into: BinaryIO, headers: dict[str, str], received: PartialDownload) -> _Outcome:
        """One try. An answer that breaks off has not failed as long as the next one goes on from there."""
        await self._spacing.acquire()
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                while True:
                    before = received.size
                    outcome = await self._ask(url, into, headers, received)
                    if outcome.status is not None or not received.resume_headers or received.size <= before:
                        return outcome
                    await self._spacing.acquire()
        except TimeoutError:
            return _Outcome(None, None, f"takes longer than {TOTAL_SECONDS:.0f} s")

    async def _ask(self, url: str, into: BinaryIO, headers: dict[str, str], received: PartialDownload) -> _Outcome:
        asked = {**headers, **received.resume_headers}
        try:
            async with self._client.stream("GET", url, headers=asked) as response:
                if response.status_code not in _BODIES:
                    problem = f"answers with status {response.status_code}"
                    return _Outcome(response.status_code, _stated(response), problem)
                if not received.accept_response(response.status_code, response.headers):
                    into.seek(0)
                    into.truncate()
                await _write(response, into, received)
        except httpx2.HTTPError as error:
            return _Outcome(None, None, f"does not answer: {error!r}")
        except ValueError as error:
            return _Outcome(None, None, str(error))
        into.seek(0)
        return _Outcome(HTTPStatus.OK, None, "")


async def _write(response: httpx2.Response, into: BinaryIO, received: PartialDownload) -> None:
    into.seek(received.size)
    async for piece in response.aiter_bytes():
        into.write(piece)
        received.size += len(piece)
        if received.size > LARGEST:
            raise UnreadableSource(f"{response.url} has more than {LARGEST} bytes; no day has.")


def _stated(response: httpx2.Response) -> float | None:
    stated = response.headers.get("retry-after") or response.headers.get("x-esi-error-limit-reset")
    return float(stated) if stated and stated.isdecimal() else None
