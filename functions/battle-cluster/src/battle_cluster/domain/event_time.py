"""Event time: whole seconds since 1970 where killmails are compared, UTC datetimes where they are stored or shown."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_MAX_CACHED: Final = 8192
"""The seconds of a batch: the killmail and each of its pilots have the same one."""


@lru_cache(maxsize=_MAX_CACHED)
def to_datetime(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
