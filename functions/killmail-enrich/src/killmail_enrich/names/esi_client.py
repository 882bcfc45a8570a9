"""Client of ESI's `POST /universe/names` that stays within ESI's rate limits.

ESI limits in two ways: 420 for every request once too many responses were errors, and 429 by token buckets. In both
cases all processes cool down together, as far as the name cache is reachable.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httpx2

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.circuit_breaker import CircuitBreaker
from killmail_enrich.names.model import MAX_ENTITY_ID, Name, is_ambiguous_id

_log = logging.getLogger(__name__)
COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI demands one; pinned, so that responses change only with this constant
MAX_IDS_PER_REQUEST: Final = 1000  # ESI's own limit
TIMEOUT_SECONDS: Final = 10.0
_RETRIES: Final = 2
_RETRY_BASE_SECONDS: Final = 0.25
_MAX_RETRY_AFTER_SECONDS: Final = 2.0  # a caller can wait this long; after a longer pause the timer resolves the names
# One unknown id fails a batch, and each failure costs one of the hundred errors a minute that all of ESI shares. After
# this many failures the next lookup isolates the other unknown ids; it has fewer suspects.
MAX_NOT_FOUND: Final = 40
_MIN_BUDGET: Final = 10  # of errors or tokens: cool down before the last one is spent
_MIN_ERRORS_FOR_LOW_PRIORITY: Final = 50  # low priority leaves the other half of the error budget to live killmails
_ERROR_LIMITED: Final = 420
_DEFAULT_COOLDOWN_SECONDS: Final = 60.0  # the length of ESI's error window
_ENTITY_TYPES: Final = {entity_type.value for entity_type in EntityType}


class _NotFound(Exception):  # noqa: N818  # an outcome
    """At least one id of the batch does not exist."""


class _RequestFailed(Exception):  # noqa: N818  # an outcome
    """ESI was requested and returned no names."""


class _CoolingDown(Exception):  # noqa: N818  # an outcome
    """No request is allowed now. Not logged: the cause was logged when the cooldown started."""


@dataclass(slots=True)
class _Lookup:
    """The results of one call so far; a low-priority lookup bisects only while the error budget is large."""

    low_priority: bool = False
    names: dict[int, Name] = field(default_factory=dict[int, Name])
    not_found: int = 0


class EsiClient:
    def __init__(
        self,
        client: httpx2.AsyncClient,
        url: str,
        *,
        start_cooldown: Callable[[float], Awaitable[None]],
        cooldown_seconds: Callable[[], Awaitable[float]],
        now: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        """All processes share the cooldown that `start_cooldown` sets; `jitter` gives numbers from 0 to 1."""
        self._client = client
        self._url = f"{url.rstrip('/')}/universe/names"
        self._start_cooldown, self._cooldown_seconds = start_cooldown, cooldown_seconds
        self._now, self._jitter = now, jitter
        self._breaker = CircuitBreaker()
        self._cooling_down_until = 0.0
        self._low_priority_paused_until = 0.0

    async def fetch(self, entity_ids: Collection[int], *, low_priority: bool = False) -> dict[int, Name]:
        """Names by id; ids that ESI could not be requested for are absent, and no error is raised for them.

        A low-priority lookup isolates unknown ids only while half of the error budget is left.
        """
        lookup = _Lookup(low_priority)
        lookup.names.update({i: self._unknown(i) for i in entity_ids if i > MAX_ENTITY_ID})
        ids = sorted((i for i in set(entity_ids) if i <= MAX_ENTITY_ID), key=lambda i: (is_ambiguous_id(i), i))
        try:
            for start in range(0, len(ids), MAX_IDS_PER_REQUEST):
                await self._resolve(ids[start : start + MAX_IDS_PER_REQUEST], lookup)
        except _CoolingDown:
            pass
        except _RequestFailed as error:
            _log.warning("ESI returned no names: %s", error)
        return lookup.names

    async def _resolve(self, ids: Sequence[int], lookup: _Lookup) -> None:
        """Bisect a batch that fails until the unknown ids are isolated; the first cut separates the ambiguous ids."""
        if not self._may_bisect(lookup):
            ids = [i for i in ids if not is_ambiguous_id(i)]
        if not ids:
            return
        try:
            entries = await self._request(ids)
        except _NotFound:
            lookup.not_found += 1
            if len(ids) == 1:
                lookup.names[ids[0]] = self._unknown(ids[0])
            elif self._may_bisect(lookup):
                cut = _cut(ids)
                await self._resolve(ids[:cut], lookup)
                await self._resolve(ids[cut:], lookup)
            return
        lookup.names.update({i: self._unknown(i) for i in ids})
        lookup.names.update({entry["id"]: self._name(entry) for entry in entries})

    def _may_bisect(self, lookup: _Lookup) -> bool:
        is_paused = lookup.low_priority and self._now() < self._low_priority_paused_until
        return lookup.not_found < MAX_NOT_FOUND and not is_paused

    async def _request(self, ids: Sequence[int]) -> list[Mapping[str, Any]]:
        for attempt in range(_RETRIES + 1):
            if attempt:
                await asyncio.sleep(self._jitter() * _RETRY_BASE_SECONDS * 2**attempt)
            await self._raise_if_cooling_down()
            response = await self._post(ids)
            if response is None or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._breaker.record_failure(self._now())
                continue
            self._breaker.record_success()
            await self._apply_rate_limits(response)
            if response.status_code == HTTPStatus.OK:
                return _entries(response)
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise _NotFound
            await self._wait_or_give_up(response)
        raise _RequestFailed(f"{_RETRIES + 1} attempts failed")

    async def _post(self, ids: Sequence[int]) -> httpx2.Response | None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                headers = {"X-Compatibility-Date": COMPATIBILITY_DATE}
                return await self._client.post(self._url, json=list(ids), headers=headers)
        except (TimeoutError, httpx2.TransportError):
            return None

    async def _raise_if_cooling_down(self) -> None:
        now = self._now()
        if not self._breaker.allows_request(now):
            raise _CoolingDown
        if now < self._cooling_down_until or await self._cooldown_seconds() > 0:
            self._breaker.probing = False
            raise _CoolingDown

    async def _apply_rate_limits(self, response: httpx2.Response) -> None:
        """Cool down before a budget is used up, and for as long as ESI demands once it is."""
        headers = response.headers
        errors_left = _number(headers, "x-esi-error-limit-remain", 100)
        if errors_left < _MIN_ERRORS_FOR_LOW_PRIORITY:
            reset = _number(headers, "x-esi-error-limit-reset", _DEFAULT_COOLDOWN_SECONDS)
            self._low_priority_paused_until = self._now() + reset
        if response.status_code == _ERROR_LIMITED or errors_left < _MIN_BUDGET:
            await self._cool_down(_number(headers, "x-esi-error-limit-reset", _DEFAULT_COOLDOWN_SECONDS))
        elif response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            await self._cool_down(_number(headers, "retry-after", _DEFAULT_COOLDOWN_SECONDS))
        elif _number(headers, "x-ratelimit-remaining", 100) < _MIN_BUDGET:
            await self._cool_down(_DEFAULT_COOLDOWN_SECONDS)

    async def _cool_down(self, seconds: float) -> None:
        self._cooling_down_until = max(self._cooling_down_until, self._now() + seconds)
        await self._start_cooldown(seconds)

    async def _wait_or_give_up(self, response: httpx2.Response) -> None:
        seconds = _number(response.headers, "retry-after", _DEFAULT_COOLDOWN_SECONDS)
        if response.status_code != HTTPStatus.TOO_MANY_REQUESTS or seconds > _MAX_RETRY_AFTER_SECONDS:
            if response.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, _ERROR_LIMITED}:
                await self._cool_down(_DEFAULT_COOLDOWN_SECONDS)  # a repeated request would only spend the error budget
            raise _RequestFailed(f"status {response.status_code}")
        await asyncio.sleep(seconds)

    def _name(self, entry: Mapping[str, Any]) -> Name:
        if entry["category"] not in _ENTITY_TYPES:
            return self._unknown(entry["id"])
        return Name(entry["id"], EntityType(entry["category"]), entry["name"], self._now())

    def _unknown(self, entity_id: int) -> Name:
        return Name(entity_id, None, None, self._now())


def _cut(ids: Sequence[int]) -> int:
    """The index of the first ambiguous id, or the middle where all ids or none are ambiguous."""
    unambiguous = sum(not is_ambiguous_id(i) for i in ids)
    return unambiguous if 0 < unambiguous < len(ids) else len(ids) // 2


def _entries(response: httpx2.Response) -> list[Mapping[str, Any]]:
    """The entries of a response; the HTML page of a proxy is a failed request."""
    try:
        entries: list[Mapping[str, Any]] = response.json()
        return [{"id": entry["id"], "category": entry["category"], "name": entry["name"]} for entry in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise _RequestFailed(f"the response is not a list of names: {error!r}") from error


def _number(headers: Mapping[str, str], name: str, default: float) -> float:
    try:
        return max(0.0, float(headers.get(name, default)))
    except ValueError:
        return default
