"""Parses the request headers If-Match and Prefer."""

import re
from datetime import datetime
from typing import Final

MAX_WAIT_SECONDS: Final = 20
_REVISION: Final = re.compile(r'\s*"(\d{1,9})"\s*')
_WAIT: Final = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[,;]|$)', re.IGNORECASE)


class InvalidPrecondition(ValueError):  # noqa: N818  # a client's mistake, not a fault of the service
    """The header If-Match has the wrong format."""


def parse_revision(if_match: str) -> int:
    """The battle revision of an If-Match header, as in `"7"`.

    Raises:
        InvalidPrecondition: the header is not a quoted revision.
    """
    match = _REVISION.fullmatch(if_match)
    if match is None:
        raise InvalidPrecondition('If-Match must be the revision of the battle in quotes, for example "7".')
    return int(match[1])


def parse_wait(prefer: str | None, default: int) -> int:
    """Seconds of the preference `wait` (RFC 7240), at most 20; an invalid preference is ignored, as the RFC demands."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]) if match else default, MAX_WAIT_SECONDS)


def parse_timestamp_etag(if_match: str) -> datetime:
    """The time of change that `timestamp_etag` wrote into an ETag.

    Raises:
        InvalidPrecondition: the header is not a quoted time with a time zone.
    """
    try:
        timestamp = datetime.fromisoformat(if_match.strip().strip('"'))
    except ValueError as error:
        raise InvalidPrecondition("If-Match must be the ETag of the configuration.") from error
    if timestamp.tzinfo is None:
        raise InvalidPrecondition("If-Match must be the ETag of the configuration.")
    return timestamp


def timestamp_etag(changed_at: datetime) -> str:
    return f'"{changed_at.isoformat()}"'
