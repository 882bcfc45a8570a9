"""Names from ESI: `POST /universe/names`, asked politely enough never to be shut out.

ESI limits in two ways: 420 for everything once too many answers were errors, and 429 with token buckets. Either way
all processes pause together, as far as the hot cache lets them know.
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
from killmail_enrich.names.model import LARGEST_ID, Name, is_ambiguous_id

_log = logging.getLogger(__name__)
COMPATIBILITY_DATE: Final = "2026-08-18"  # ESI demands one; pinned, so that answers change only when we say so
MOST_IDS: Final = 1000  # ESI's own limit
ANSWER_SECONDS: Final = 10.0
_RETRIES: Final = 2
_RETRY_BASE_SECONDS: Final = 0.25
_LONGEST_RETRY_AFTER: Final = 2.0  # whoever asks can wait for this; a longer pause is left to the timer
# One unknown id fails a batch, and each failure costs the budget of a hundred errors a minute that all of ESI shares.
# What is not found in this many is found by the next round, which has fewer left to doubt.
MOST_NOT_FOUND: Final = 40
_FEW_LEFT: Final = 10  # of either budget: stop before the last error is spent
_FEW_LEFT_OF_SPARE: Final = 50  # errors: who can do without an answer leaves the other half of them to who cannot
_ERROR_LIMITED: Final = 420
_UNSTATED_PAUSE: Final = 60.0  # the length of ESI's error window
_KINDS: Final = {kind.value for kind in EntityType}


class _NotFound(Exception):  # noqa: N818  # an outcome
    """At least one id of the batch does not exist."""


class _NoAnswer(Exception):  # noqa: N818  # an outcome
    """ESI was asked, and gave no names."""


class _CoolingDown(Exception):  # noqa: N818  # an outcome
    """ESI must not be asked now. Not worth a line: why it must not was logged when it began."""


@dataclass(slots=True)
class _Lookup:
    """What one question has brought so far, and whether it doubts only while errors are plenty."""

    low_priority: bool = False
    names: dict[int, Name] = field(default_factory=dict[int, Name])
    not_found: int = 0


class Esi:
    def __init__(
        self,
        client: httpx2.AsyncClient,
        url: str,
        *,
        pause: Callable[[float], Awaitable[None]],
        paused: Callable[[], Awaitable[float]],
        now: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        """`pause` and `paused` are shared by all processes; `jitter` gives numbers from 0 to 1."""
        self._client = client
        self._url = f"{url.rstrip('/')}/universe/names"
        self._pause, self._paused, self._now, self._jitter = pause, paused, now, jitter
        self._breaker = CircuitBreaker()
        self._paused_until = 0.0
        self._spare_until = 0.0

    async def names(self, entity_ids: Collection[int], *, low_priority: bool = False) -> dict[int, Name]:
        """What ESI says about these ids. Absent are those it could not be asked about; it never raises for them.

        Who asks `sparing` looks for unknown ids only while half of the error budget is left.
        """
        round_ = _Lookup(low_priority)
        round_.names.update({i: self._unknown(i) for i in entity_ids if i > LARGEST_ID})
        asked = sorted((i for i in set(entity_ids) if i <= LARGEST_ID), key=lambda i: (is_ambiguous_id(i), i))
        try:
            for start in range(0, len(asked), MOST_IDS):
                await self._resolve(asked[start : start + MOST_IDS], round_)
        except _CoolingDown:
            pass
        except _NoAnswer as reason:
            _log.warning("ESI gives no names now: %s", reason)
        return round_.names

    async def _resolve(self, ids: Sequence[int], round_: _Lookup) -> None:
        """Part a batch that fails until the ids that do not exist stand alone: first doubtful ones from others."""
        if not self._may_bisect(round_):
            ids = [i for i in ids if not is_ambiguous_id(i)]
        if not ids:
            return
        try:
            entries = await self._ask(ids)
        except _NotFound:
            round_.not_found += 1
            if len(ids) == 1:
                round_.names[ids[0]] = self._unknown(ids[0])
            elif self._may_bisect(round_):
                cut = _cut(ids)
                await self._resolve(ids[:cut], round_)
                await self._resolve(ids[cut:], round_)
            return
        round_.names.update({i: self._unknown(i) for i in ids})
        round_.names.update({entry["id"]: self._name(entry) for entry in entries})

    def _may_bisect(self, round_: _Lookup) -> bool:
        return round_.not_found < MOST_NOT_FOUND and not (round_.low_priority and self._now() < self._spare_until)

    async def _ask(self, ids: Sequence[int]) -> list[Mapping[str, Any]]:
        for attempt in range(_RETRIES + 1):
            if attempt:
                await asyncio.sleep(self._jitter() * _RETRY_BASE_SECONDS * 2**attempt)
            await self._check_may_ask()
            answer = await self._post(ids)
            if answer is None or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._breaker.failed(self._now())
                continue
            self._breaker.succeeded()
            await self._apply_rate_limits(answer)
            if answer.status_code == HTTPStatus.OK:
                return _entries(answer)
            if answer.status_code == HTTPStatus.NOT_FOUND:
                raise _NotFound
            await self._wait_or_give_up(answer)
        raise _NoAnswer(f"no good answer in {_RETRIES + 1} attempts")

    async def _post(self, ids: Sequence[int]) -> httpx2.Response | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                headers = {"X-Compatibility-Date": COMPATIBILITY_DATE}
                return await self._client.post(self._url, json=list(ids), headers=headers)
        except (TimeoutError, httpx2.TransportError):
            return None

    async def _check_may_ask(self) -> None:
        now = self._now()
        if not self._breaker.allows(now):
            raise _CoolingDown
        if now < self._paused_until or await self._paused() > 0:
            self._breaker.trying = False
            raise _CoolingDown

    async def _apply_rate_limits(self, answer: httpx2.Response) -> None:
        """Pause before a budget is used up, and as long as ESI says once it is."""
        head = answer.headers
        errors_left = _number(head, "x-esi-error-limit-remain", 100)
        if errors_left < _FEW_LEFT_OF_SPARE:
            self._spare_until = self._now() + _number(head, "x-esi-error-limit-reset", _UNSTATED_PAUSE)
        if answer.status_code == _ERROR_LIMITED or errors_left < _FEW_LEFT:
            await self._cool_down(_number(head, "x-esi-error-limit-reset", _UNSTATED_PAUSE))
        elif answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            await self._cool_down(_number(head, "retry-after", _UNSTATED_PAUSE))
        elif _number(head, "x-ratelimit-remaining", 100) < _FEW_LEFT:
            await self._cool_down(_UNSTATED_PAUSE)

    async def _cool_down(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._now() + seconds)
        await self._pause(seconds)

    async def _wait_or_give_up(self, answer: httpx2.Response) -> None:
        wait = _number(answer.headers, "retry-after", _UNSTATED_PAUSE)
        if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS or wait > _LONGEST_RETRY_AFTER:
            if answer.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, _ERROR_LIMITED}:
                await self._cool_down(_UNSTATED_PAUSE)  # it refuses us: asking again only spends the error budget
            raise _NoAnswer(f"status {answer.status_code}")
        await asyncio.sleep(wait)

    def _name(self, entry: Mapping[str, Any]) -> Name:
        if entry["category"] not in _KINDS:
            return self._unknown(entry["id"])
        return Name(entry["id"], EntityType(entry["category"]), entry["name"], self._now())

    def _unknown(self, entity_id: int) -> Name:
        return Name(entity_id, None, None, self._now())


def _cut(ids: Sequence[int]) -> int:
    """Where the doubtful ids begin, or the middle where there is no such place."""
    certain = sum(not is_ambiguous_id(i) for i in ids)
    return certain if 0 < certain < len(ids) else len(ids) // 2


def _entries(answer: httpx2.Response) -> list[Mapping[str, Any]]:
    """The entries that name somebody; a proxy's page instead of them is no answer."""
    try:
        entries: list[Mapping[str, Any]] = answer.json()
        return [{"id": entry["id"], "category": entry["category"], "name": entry["name"]} for entry in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise _NoAnswer(f"it answers something else than names: {error!r}") from error


def _number(headers: Mapping[str, str], name: str, otherwise: float) -> float:
    try:
        return max(0.0, float(headers.get(name, otherwise)))
    except ValueError:
        return otherwise
