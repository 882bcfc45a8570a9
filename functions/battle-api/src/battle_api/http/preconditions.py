"""What request headers say about the state the client knows and the time it has."""

import re
from datetime import datetime
from typing import Final

MAX_WAIT_SECONDS: Final = 20
_REVISION: Final = re.compile(r'\s*"(\d{1,9})"\s*')
_WAIT: Final = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[,;]|$)', re.IGNORECASE)


class InvalidPrecondition(ValueError):  # noqa: N818  # an outcome, named as what it is
    """The header does not say what it should."""


def parse_revision(if_match: str) -> int:
    """The revision in quotes.

    Raises:
        BadCondition: it is something else.
    """
    match = _REVISION.fullmatch(if_match)
    if match is None:
        raise InvalidPrecondition('If-Match takes the revision of the battle in quotes, as in "7".')
    return int(match[1])


def parse_wait(prefer: str | None, default: int) -> int:
    """Seconds that the client prefers to wait (RFC 7240); what is no such preference is ignored, as it demands."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]) if match else default, MAX_WAIT_SECONDS)


def parse_timestamp_etag(if_match: str) -> datetime:
    """The time in quotes that is the validator of something changed then.

    Raises:
        BadCondition: it is something else.
    """
    try:
        timestamp = datetime.fromisoformat(if_match.strip().strip('"'))
    except ValueError as error:
        raise InvalidPrecondition("If-Match takes the ETag that was given with the configuration.") from error
    if timestamp.tzinfo is None:
        raise InvalidPrecondition("If-Match takes the ETag that was given with the configuration.")
    return timestamp


def timestamp_etag(changed_at: datetime) -> str:
    return f'"{changed_at.isoformat()}"'
