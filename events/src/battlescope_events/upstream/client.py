"""Requests to one host outside: spaced, bounded in time and size, silent while the host is cooling down."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import IO, Any, Final, NoReturn
from urllib.parse import urlencode

from battlescope_events.retry import retry
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.cooldown import (
    MAX_SECONDS,
    NO_COOLDOWN,
    REFUSALS,
    Cooldowns,
    CooldownState,
    later,
    next_cooldown,
    stated_wait,
)
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamCoolingDown, UpstreamUnavailable
from battlescope_events.upstream.http import ExternalHttp, NoResponse
from battlescope_events.upstream.partial_download import MisplacedPart, PartialDownload
from battlescope_events.upstream.rate_limiter import RateLimiter

MAX_RETRY_SECONDS: Final = 10.0
_CONTENT_STATUSES: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})
_NO_HEADERS: Final[Mapping[str, str]] = {}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """A complete answer. Names of headers are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPolicy:
    """How an upstream is requested.

    rate: requests per second.
    tries: of a request without a response or with a status from 500 on.
    retry_seconds: before the second try, doubled before each further one.
    total_timeout: seconds of one try.
    max_bytes: of a decompressed body in memory; max_download_bytes: of one that is written.
    recheck_seconds: for how long a process may not notice that another one was refused. Each check is a request to the
        database; 0 checks before every request to the upstream.
    """

    rate: float | None = None
    tries: int = 1
    retry_seconds: float = 1.0
    total_timeout: float = 15.0
    max_bytes: int = 16 * 1024 * 1024
    max_download_bytes: int = 512 * 1024 * 1024
    recheck_seconds: float = 0.0


class _AttemptFailed(Exception):
    """There was no response, or one with a status from 500 on."""

    def __init__(self, status: int | None, reason: str, state: CooldownState) -> None:
        super().__init__(reason)
        self.status, self.reason, self.state = status, reason, state


class UpstreamClient:
    """One upstream under the name of its cooldown, which all functions that request it share.

    Statuses 403, 420 and 429, and those from 500 on that state a wait, start a cooldown. Other failures count towards
    the circuit breaker if there is one, otherwise they start a cooldown after the last try. All else is an answer.
    """

    def __init__(
        self,
        name: str,
        http: ExternalHttp,
        cooldowns: Cooldowns,
        policy: RequestPolicy,
        *,
        now: Callable[[], datetime],
        jitter: Callable[[], float],
        breaker: CircuitBreaker | None = None,
        budget_pause: Callable[[Mapping[str, str]], float | None] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`budget_pause` gives the seconds that the headers of an answer demand; `jitter` numbers from 0 to 1."""
        self.name = name
        self._http, self._cooldowns, self._policy = http, cooldowns, policy
        self._now, self._jitter, self._sleep = now, jitter, sleep
        self._breaker, self._budget_pause = breaker, budget_pause
        self._rate_limiter = RateLimiter(policy.rate) if policy.rate else None
        self._recorded = NO_COOLDOWN  # by this process; holds even if it could not be saved
        self._state = NO_COOLDOWN
        self._checked_at: datetime | None = None

    async def get(self, url: str, headers: Mapping[str, str] = _NO_HEADERS) -> UpstreamResponse:
        """The answer, whatever its status.

        Raises:
            UpstreamCoolingDown: no request may be sent now, or this one was refused.
            UpstreamUnavailable: all tries failed.
            ResponseTooLarge: the body is larger than the maximum.
            TransientError: the memory of the cooldown does not answer.
        """
        return await self._request(partial(self._exchange, "GET", url, headers, b""))

    async def post(self, url: str, value: Any, headers: Mapping[str, str] = _NO_HEADERS) -> UpstreamResponse:
        """The answer to `value` as JSON. Raises the errors of `get`."""
        body = json.dumps(value, separators=(",", ":")).encode()
        json_headers = {**headers, "content-type": "application/json"}
        return await self._request(partial(self._exchange, "POST", url, json_headers, body))

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] = _NO_HEADERS
    ) -> UpstreamResponse:
        """The answer to `fields` as a form. Raises the errors of `get`."""
        form_headers = {**headers, "content-type": "application/x-www-form-urlencoded"}
        return await self._request(partial(self._exchange, "POST", url, form_headers, urlencode(fields).encode()))

    async def download(self, url: str, into: IO[bytes]) -> int:
        """Write the content, positioned at its start, and return 200; or return another status without content.

        An interrupted download is resumed where it stopped, if the upstream supports it, and does not count as failed
        while each request adds bytes. Raises the errors of `get`.
        """
        response = await self._request(partial(self._download, url, into, PartialDownload()))
        into.seek(0)
        return HTTPStatus.OK if response.status in _CONTENT_STATUSES else response.status

    async def pause(self, seconds: float, reason: str) -> None:
        """Send no request for this long, `MAX_SECONDS` at most; for callers that find an answer to be a refusal."""
        until = self._now() + timedelta(seconds=min(seconds, MAX_SECONDS))
        await self._record(CooldownState(until, self._recorded.bans, self._recorded.failures), reason)

    async def _request(self, exchange: Callable[[], Awaitable[UpstreamResponse]]) -> UpstreamResponse:
        try:
            return await retry(
                partial(self._attempt, exchange),
                on=_AttemptFailed,
                tries=self._policy.tries,
                first_delay=self._policy.retry_seconds,
                max_delay=MAX_RETRY_SECONDS,
                sleep=self._sleep,
                jitter=self._jitter,
            )
        except _AttemptFailed as failure:
            if self._breaker:
                raise UpstreamUnavailable(failure.reason) from failure
            await self._cool_down(failure.state, failure.status, None, failure.reason)

    async def _attempt(self, exchange: Callable[[], Awaitable[UpstreamResponse]]) -> UpstreamResponse:
        state = await self._admit()
        self._raise_while_open()
        try:
            return await self._accept(await self._respond(exchange, state), state)
        finally:
            if self._breaker:
                self._breaker.end_request()

    async def _respond(
        self, exchange: Callable[[], Awaitable[UpstreamResponse]], state: CooldownState
    ) -> UpstreamResponse:
        try:
            async with asyncio.timeout(self._policy.total_timeout):
                return await exchange()
        except TimeoutError:
            reason = f"{self.name} takes longer than {self._policy.total_timeout:.0f} s."
            raise self._failure(None, reason, state) from None
        except (NoResponse, MisplacedPart) as error:
            raise self._failure(None, f"{self.name} does not respond: {error}", state) from error

    async def _accept(self, response: UpstreamResponse, state: CooldownState) -> UpstreamResponse:
        """The response, if it is an answer."""
        status, reason = response.status, f"{self.name} responds with status {response.status}."
        is_failure = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_failure and "retry-after" not in response.headers:
            raise self._failure(status, reason, state)
        if self._breaker:
            self._breaker.record_success()
        if is_failure or status in REFUSALS:
            await self._cool_down(state, status, stated_wait(response.headers, self._now()), reason)
        await self._end_cooldown(state)
        pause = self._budget_pause(response.headers) if self._budget_pause else None
        if pause is not None:
            await self.pause(pause, f"{self.name} leaves hardly any requests.")
        return response

    def _failure(self, status: int | None, reason: str, state: CooldownState) -> _AttemptFailed:
        if self._breaker:
            self._breaker.record_failure(self._now().timestamp())
        return _AttemptFailed(status, reason, state)

    def _raise_while_open(self) -> None:
        now = self._now()
        if self._breaker and not self._breaker.allows_request(now.timestamp()):
            until = now + timedelta(seconds=self._breaker.seconds_open(now.timestamp()))
            raise UpstreamCoolingDown(self.name, until, f"{self.name} has failed too often.")

    async def _admit(self) -> CooldownState:
        """Wait for the turn of this request; the state of a cooldown that is over."""
        if self._rate_limiter:
            await self._rate_limiter.acquire()
        state, now = await self._current_state(), self._now()
        if state.quiet_until is not None and not state.is_over(now):
            raise UpstreamCoolingDown(self.name, state.quiet_until)
        return state

    async def _current_state(self) -> CooldownState:
        now, recheck = self._now(), timedelta(seconds=self._policy.recheck_seconds)
        if self._checked_at is None or now - self._checked_at >= recheck:
            self._state, self._checked_at = await self._cooldowns.load(self.name), now
        return later(self._state, self._recorded)

    async def _cool_down(self, state: CooldownState, status: int | None, stated: float | None, reason: str) -> NoReturn:
        """Record the cooldown for every function that requests this upstream, then raise UpstreamCoolingDown."""
        following = next_cooldown(state, status, stated, self._now(), self._jitter())
        await self._record(following, reason)
        raise UpstreamCoolingDown(self.name, following.quiet_until or self._now(), reason)

    async def _record(self, state: CooldownState, reason: str) -> None:
        if self._recorded.is_over(self._now()):  # once for requests that are refused together
            level = logging.ERROR if state.bans > self._recorded.bans else logging.WARNING
            context = {"upstream": self.name, "quiet_until": str(state.quiet_until), "bans": state.bans}
            _log.log(level, "%s", reason, extra={"context": context})
        self._recorded = later(self._recorded, state)
        await self._cooldowns.save(self.name, state, reason)

    async def _end_cooldown(self, state: CooldownState) -> None:
        """Forget the cooldown before an answered request, unless another request has been refused meanwhile."""
        if state != NO_COOLDOWN and later(state, self._recorded) == state:
            self._recorded = self._state = NO_COOLDOWN
            await self._cooldowns.clear(self.name, state)

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> UpstreamResponse:
        async with self._http.stream(method, url, headers, body) as response:
            content = bytearray()
            while (piece := await response.read_piece()) is not None:
                content += piece
                _check_size(url, len(content), self._policy.max_bytes)
            return UpstreamResponse(response.status, response.headers, bytes(content))

    async def _download(self, url: str, into: IO[bytes], progress: PartialDownload) -> UpstreamResponse:
        while True:
            size_before = progress.size
            try:
                return await self._download_part(url, into, progress)
            except NoResponse:
                if not progress.resume_headers or progress.size <= size_before:
                    raise
            await self._admit()

    async def _download_part(self, url: str, into: IO[bytes], progress: PartialDownload) -> UpstreamResponse:
        async with self._http.stream("GET", url, progress.resume_headers, b"") as response:
            if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and progress.size:
                progress.size = 0  # it broke off after the last byte, or shrank: the next request asks for everything
                raise MisplacedPart("The content ends before the missing part.")
            if response.status in _CONTENT_STATUSES:
                if not progress.accept_response(response.status, response.headers):
                    into.seek(0)
                    into.truncate()
                into.seek(progress.size)
                while (piece := await response.read_piece()) is not None:
                    into.write(piece)
                    progress.size += len(piece)
                    _check_size(url, progress.size, self._policy.max_download_bytes)
            return UpstreamResponse(response.status, response.headers)


def _check_size(url: str, size: int, maximum: int) -> None:
    if size > maximum:
        raise ResponseTooLarge(f"{url} has more than {maximum} bytes.")
