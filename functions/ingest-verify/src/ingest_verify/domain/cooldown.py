"""Cooldown of the source after a refusal or failure. Pure; the caller stores the state in the database.

Rules and row are the same as ingest-backfill's: both request the same host, which counts requests by IP address.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

MIN_SECONDS_AFTER_429: Final = 10.0  # even where the source states less
MIN_SECONDS_AFTER_403: Final = 60.0  # a ban; each further one doubles it
MAX_SECONDS: Final = 3600.0
MAX_SECONDS_AFTER_FAILURE: Final = 60.0


@dataclass(frozen=True, slots=True)
class CooldownState:
    """A row of `source_manners`: when the source may be requested again, and its consecutive bans and failures."""

    quiet_until: datetime | None = None
    bans: int = 0
    failures: int = 0


def next_cooldown(
    status: int | None, retry_after: float | None, cooldown: CooldownState, now: datetime
) -> CooldownState:
    """The state after a failed request. `retry_after`: seconds that the source states; no status: no response."""
    if status == HTTPStatus.FORBIDDEN:
        wait = min(MAX_SECONDS, max(MIN_SECONDS_AFTER_403 * 2 ** min(cooldown.bans, 10), retry_after or 0.0))
        return replace(cooldown, quiet_until=now + timedelta(seconds=wait), bans=cooldown.bans + 1)
    wait = min(MAX_SECONDS_AFTER_FAILURE, 2.0 ** min(cooldown.failures + 1, 10))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = min(MAX_SECONDS, max(MIN_SECONDS_AFTER_429, wait, retry_after or 0.0))
    return replace(cooldown, quiet_until=now + timedelta(seconds=wait), failures=cooldown.failures + 1)
