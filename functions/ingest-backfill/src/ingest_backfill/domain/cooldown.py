"""How long a source is left alone after an answer. Pure; what is decided here is kept in the database."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

MIN_SECONDS_AFTER_429: Final = 10.0  # seconds, also where less is stated: who counted us wrong once may do it again
MIN_SECONDS_AFTER_403: Final = 60.0  # a ban; each further one doubles it
MAX_SECONDS: Final = 3600.0
MAX_SECONDS_AFTER_FAILURE: Final = 60.0
ALERT_FROM: Final = MIN_SECONDS_AFTER_403


@dataclass(frozen=True, slots=True)
class CooldownState:
    """What is remembered of a source: until when it is left alone, and how often in a row it was so."""

    quiet_until: datetime | None = None
    bans: int = 0
    failures: int = 0


def next_cooldown(status: int | None, retry_after: float | None, cooldown: CooldownState, now: datetime) -> CooldownState:
    """What is remembered after an answer that was none. `stated` is its Retry-After; no status: no answer at all."""
    if status == HTTPStatus.FORBIDDEN:
        wait = min(MAX_SECONDS, max(MIN_SECONDS_AFTER_403 * 2**cooldown.bans, retry_after or 0.0))
        return replace(cooldown, quiet_until=now + timedelta(seconds=wait), bans=cooldown.bans + 1)
    failures = cooldown.failures + 1
    wait = min(MAX_SECONDS_AFTER_FAILURE, 2.0 ** min(failures, 10))
    if status in {HTTPStatus.TOO_MANY_REQUESTS, 420}:  # 420: ESI's error limit
        wait = min(MAX_SECONDS, max(MIN_SECONDS_AFTER_429, wait, retry_after or 0.0))
    return replace(cooldown, quiet_until=now + timedelta(seconds=wait), failures=failures)
