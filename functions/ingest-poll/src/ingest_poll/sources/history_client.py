"""zKillboard's history lists as a standby of the feed: ids and hashes of the newest days, bodies from ESI."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol, Self, cast

import msgspec

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamCoolingDown, UpstreamUnavailable
from battlescope_schemas.killmail import KillmailStub
from ingest_poll.errors import KillmailNotFound
from ingest_poll.feed.batch import FetchedFiles
from ingest_poll.feed.feed_file import FeedFile, complete_stub
from ingest_poll.feed.feed_state import (
    CoolingDown,
    FeedPosition,
    RequestFailed,
    Transition,
    UnusableBody,
    after_failure,
)
from ingest_poll.sources.esi_client import KillmailClient

MAX_DAYS: Final = 3  # a list appears up to thirty hours after the first kill of its day
# At one request per second a pass takes 8 s, so that the primary source is observed in between.
BODIES_PER_PASS: Final = 8
_HASH: Final = re.compile("[0-9a-f]{40}")
_ID: Final = re.compile("[1-9][0-9]{0,17}")  # fits a bigint
_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


class Listings(Protocol):
    """Knows which listed killmails are still to be fetched."""

    async def missing_ids(self, killmail_ids: Sequence[int]) -> list[int]:
        """Those that are neither stored nor known to be unavailable now, the newest first."""
        ...


def request_policy(max_rate: float) -> RequestPolicy:
    """`max_rate`: requests per second. The list of the busiest day so far has 3 MB."""
    return RequestPolicy(rate=max_rate, total_timeout=30.0, max_bytes=32 * 1024 * 1024, recheck_seconds=1.0)


class ListClient:
    """The lists of one host. A list that has not changed is not transferred again."""

    def __init__(self, upstream: UpstreamClient, url: str) -> None:
        self._upstream, self._url = upstream, f"{url.rstrip('/')}/history"
        self._lists: dict[date, tuple[str, dict[int, str]]] = {}

    @property
    def url(self) -> str:
        return self._url

    async def fetch_lists(self, days: AbstractSet[date]) -> dict[int, str] | CoolingDown | RequestFailed:
        """Hashes by killmail id, of all the days whose list is published."""
        self._lists = {day: known for day, known in self._lists.items() if day in days}
        for day in sorted(days, reverse=True):
            failure = await self._refresh(day)
            if failure is not None:
                return failure
        return {killmail_id: hash_ for _, hashes in self._lists.values() for killmail_id, hash_ in hashes.items()}

    async def _refresh(self, day: date) -> CoolingDown | RequestFailed | None:
        """Load the list of a day, unless it is unchanged or not published."""
        tag = self._lists[day][0] if day in self._lists else ""
        try:
            response = await self._upstream.get(f"{self._url}/{day:%Y%m%d}.json", {"If-None-Match": tag} if tag else {})
        except UpstreamCoolingDown as error:
            return CoolingDown(error.until, str(error))
        except ResponseTooLarge as error:
            return RequestFailed(str(error))
        if response.status == HTTPStatus.OK:
            hashes = parse_list(response.body)
            if hashes is None:
                return RequestFailed(f"The list of {day} is no JSON object of ids and hashes.")
            self._lists[day] = response.headers.get("etag", ""), hashes
        elif response.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.NOT_MODIFIED}:
            return RequestFailed(f"The host of the lists responds with status {response.status}.")
        return None


def parse_list(content: bytes) -> dict[int, str] | None:
    """Hashes by id; entries that are none are left out. None if the content is no JSON object."""
    try:
        document = _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return {int(i): cast("str", h) for i, h in document.items() if _is_entry(i, h)}


def _is_entry(killmail_id: str, value: Any) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None and _ID.fullmatch(killmail_id) is not None


def days_to_list(last_killmail_at: datetime | None, now: datetime) -> set[date]:
    """Today, and the days before it since the feed's last killmail; older ones are left to the backfill."""
    today = now.astimezone(UTC).date()
    first = last_killmail_at.astimezone(UTC).date() if last_killmail_at else today
    return {today - timedelta(days=n) for n in range(MAX_DAYS) if n == 0 or today - timedelta(days=n) >= first}


class HistoryListSource:
    """Implements `LiveSource`, and `LiveReader` as nothing is requested ahead.

    Killmails have no values: those come when the feed works again.
    """

    def __init__(
        self,
        lists: ListClient,
        esi: KillmailClient,
        listings: Listings,
        *,
        idle_seconds: float,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        """`idle_seconds`: between two requests for the lists."""
        self._lists, self._esi, self._listings = lists, esi, listings
        self._idle_seconds, self._clock, self._jitter = idle_seconds, clock, jitter
        self._hashes: Mapping[int, str] = {}  # of the last lists
        self._listed_at: datetime | None = None

    @property
    def url(self) -> str:
        return self._lists.url

    def open(self) -> Self:
        return self

    def close(self) -> None:
        """Nothing is in flight between two calls of `fetch`."""

    async def fetch(self, position: FeedPosition) -> FetchedFiles:
        """The lists if they are due, then the bodies of the newest listed killmails that are missing."""
        now = self._clock()
        if self._listed_at is None or (now - self._listed_at).total_seconds() >= self._idle_seconds:
            hashes = await self._lists.fetch_lists(days_to_list(position.found_at, now))
            if isinstance(hashes, CoolingDown | RequestFailed):
                return self._failed(position, hashes)
            self._hashes, self._listed_at = hashes, now
        missing = await self._listings.missing_ids(list(self._hashes))
        if not missing:
            waiting = FeedPosition(found_at=position.found_at, quiet_until=self._next_lists())
            return FetchedFiles(position, Transition(waiting))
        return await self._fetch_bodies(position, missing[:BODIES_PER_PASS])

    def _next_lists(self) -> datetime:
        return (self._listed_at or self._clock()) + timedelta(seconds=self._idle_seconds)

    async def _fetch_bodies(self, position: FeedPosition, killmail_ids: Sequence[int]) -> FetchedFiles:
        results = await asyncio.gather(*(self._fetch_body(i, self._hashes[i]) for i in killmail_ids))
        files = tuple(result for result in results if isinstance(result, FeedFile))
        reasons = {i: _unavailable_reason(result) for i, result in zip(killmail_ids, results, strict=True)}
        unavailable = {i: reason for i, reason in reasons.items() if reason is not None}
        failures = [result for result in results if isinstance(result, RequestFailed)]
        if failures:
            failed = after_failure(position, failures[0], self._clock(), self._jitter())
            return FetchedFiles(position, Transition(failed), files, (), failures[0].reason, unavailable)
        return FetchedFiles(
            position, Transition(FeedPosition(found_at=position.found_at)), files, unavailable=unavailable
        )

    async def _fetch_body(self, killmail_id: int, killmail_hash: str) -> FeedFile | RequestFailed | str:
        """The killmail; or why ESI has none, as a text; or that ESI does not answer."""
        try:
            body = await self._esi.fetch_killmail(killmail_id, killmail_hash)
        except KillmailNotFound as error:
            return str(error)
        except UpstreamUnavailable as error:
            return RequestFailed(str(error))
        entry = {"killmail_id": killmail_id, "hash": killmail_hash}
        url = f"{self._lists.url}#{killmail_id}"
        stub = FeedFile(0, json.dumps(entry).encode(), KillmailStub(killmail_id, killmail_hash), url=url)
        file = complete_stub(stub, body, self._clock())
        return file.reason if isinstance(file, UnusableBody) else file

    def _failed(self, position: FeedPosition, failure: CoolingDown | RequestFailed) -> FetchedFiles:
        failed = after_failure(position, failure, self._clock(), self._jitter())
        return FetchedFiles(position, Transition(failed), problem=failure.reason)


def _unavailable_reason(result: FeedFile | RequestFailed | str) -> str | None:
    if isinstance(result, FeedFile):
        return result.refusal
    return result if isinstance(result, str) else None
