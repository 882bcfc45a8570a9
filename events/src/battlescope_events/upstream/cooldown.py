"""When an upstream may be requested again after it refused or failed.

Pure. Implementations of the port `Cooldowns` make a cooldown outlive the process and hold for every process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import Final, Protocol

from battlescope_events.retry import exponential

MIN_SECONDS_AFTER_429: Final = 10.0  # even where the upstream states less: it may count our requests more strictly
SECONDS_AFTER_420: Final = 60.0  # the length of ESI's error window, if it states no reset
MIN_SECONDS_AFTER_403: Final = 60.0  # a ban; each further one doubles it
MAX_SECONDS: Final = 3600.0  # no upstream locks violators out for longer
FIRST_SECONDS_AFTER_FAILURE: Final = 1.0
MAX_SECONDS_AFTER_FAILURE: Final = 60.0
ERROR_LIMITED: Final = 420  # ESI's status once too many responses were errors
REFUSALS: Final = frozenset({HTTPStatus.FORBIDDEN, ERROR_LIMITED, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class CooldownState:
    """When an upstream may be requested again, and its bans and other failures since its last answer."""

    quiet_until: datetime | None = None
    bans: int = 0
    failures: int = 0

    def is_over(self, now: datetime) -> bool:
        return self.quiet_until is None or self.quiet_until <= now


NO_COOLDOWN: Final = CooldownState()


class Cooldowns(Protocol):
    """Remembers the cooldown of each upstream by its name."""

    async def load(self, upstream: str) -> CooldownState: ...

    async def save(self, upstream: str, state: CooldownState, reason: str) -> None:
        """Remember a cooldown. One that lasts longer, and higher counts, are kept."""
        ...

    async def clear(self, upstream: str, ended: CooldownState) -> None:
        """Forget a cooldown that was loaded and is over, unless a later one has been saved since."""
        ...


def next_cooldown(
    state: CooldownState, status: int | None, stated_seconds: float | None, now: datetime, jitter: float
) -> CooldownState:
    """The cooldown after a response that is no answer.

    `state` is the one before the request, so that requests in flight together count once. Without a `status` there was
    no response. `stated_seconds` is the wait that the response demands. `jitter`, from 0 to 1, lengthens the wait after
    a refusal by up to a half and shortens the wait after a failure by up to a half.
    """
    stated = min(MAX_SECONDS, stated_seconds or 0.0)
    if status == HTTPStatus.FORBIDDEN:
        wait = max(stated, exponential(MIN_SECONDS_AFTER_403, state.bans, MAX_SECONDS)) * (1 + jitter / 2)
        return CooldownState(now + timedelta(seconds=wait), state.bans + 1, state.failures)
    wait = exponential(FIRST_SECONDS_AFTER_FAILURE, state.failures, MAX_SECONDS_AFTER_FAILURE)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = max(stated, wait, MIN_SECONDS_AFTER_429) * (1 + jitter / 2)
    elif status == ERROR_LIMITED:
        wait = (SECONDS_AFTER_420 if stated_seconds is None else max(stated, wait)) * (1 + jitter / 2)
    else:
        wait = max(stated, wait * (1 + jitter) / 2)
    return CooldownState(now + timedelta(seconds=wait), state.bans, state.failures + 1)


def stated_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a response demands: Retry-After as seconds or as a date, or ESI's reset of its error limit."""
    for name in ("retry-after", "x-esi-error-limit-reset"):
        seconds = _seconds(headers.get(name, ""), now)
        if seconds is not None:
            return max(0.0, seconds)
    return None


def later(one: CooldownState, other: CooldownState) -> CooldownState:
    """The longer cooldown, and the higher counts, of two memories of one upstream."""
    ends = [state.quiet_until for state in (one, other) if state.quiet_until is not None]
    return CooldownState(max(ends, default=None), max(one.bans, other.bans), max(one.failures, other.failures))


def _seconds(value: str, now: datetime) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now)
    return seconds if isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float | None:
    """Until an HTTP date (RFC 9110, 5.6.7)."""
    try:
        until = parsedate_to_datetime(date)
    except (ValueError, OverflowError):  # a year that no date has
        return None
    return ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds()
