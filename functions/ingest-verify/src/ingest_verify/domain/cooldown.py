"""How long the source is left alone after an answer. Pure; what is decided here is kept in the database.

The rules are ingest-backfill's, and so is the row: both ask the same host, which counts requests by address.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

LEAST_AFTER_429: Final = 10.0  # seconds, also where less is stated
LEAST_AFTER_403: Final = 60.0  # a ban; each further one doubles it
LONGEST: Final = 3600.0
LONGEST_FAILING: Final = 60.0


@dataclass(frozen=True, slots=True)
class Manners:
    """What is remembered of a source: until when it is left alone, and how often in a row it was so."""

    quiet_until: datetime | None = None
    bans: int = 0
    failures: int = 0


def after(status: int | None, stated: float | None, manners: Manners, now: datetime) -> Manners:
    """What is remembered after an answer that was none. `stated` is its Retry-After; no status: no answer at all."""
    if status == HTTPStatus.FORBIDDEN:
        wait = min(LONGEST, max(LEAST_AFTER_403 * 2 ** min(manners.bans, 10), stated or 0.0))
        return replace(manners, quiet_until=now + timedelta(seconds=wait), bans=manners.bans + 1)
    wait = min(LONGEST_FAILING, 2.0 ** min(manners.failures + 1, 10))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = min(LONGEST, max(LEAST_AFTER_429, wait, stated or 0.0))
    return replace(manners, quiet_until=now + timedelta(seconds=wait), failures=manners.failures + 1)
