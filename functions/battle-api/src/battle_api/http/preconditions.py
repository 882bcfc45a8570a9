"""What request headers say about the state the client knows and the time it has."""

import re
from datetime import datetime
from typing import Final

MOST_SECONDS: Final = 20
_REVISION: Final = re.compile(r'\s*"(\d{1,9})"\s*')
_WAIT: Final = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[,;]|$)', re.IGNORECASE)


class BadCondition(ValueError):  # noqa: N818  # an outcome, named as what it is
    """The header does not say what it should."""


def revision(if_match: str) -> int:
    """The revision in quotes.

    Raises:
        BadCondition: it is something else.
    """
    match = _REVISION.fullmatch(if_match)
    if match is None:
        raise BadCondition('If-Match takes the revision of the battle in quotes, as in "7".')
    return int(match[1])


def wait(prefer: str | None, otherwise: int) -> int:
    """Seconds that the client prefers to wait (RFC 7240); what is no such preference is ignored, as it demands."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]) if match else otherwise, MOST_SECONDS)


def moment(if_match: str) -> datetime:
    """The time in quotes that is the validator of something changed then.

    Raises:
        BadCondition: it is something else.
    """
    try:
        known = datetime.fromisoformat(if_match.strip().strip('"'))
    except ValueError as error:
        raise BadCondition("If-Match takes the ETag that was given with the configuration.") from error
    if known.tzinfo is None:
        raise BadCondition("If-Match takes the ETag that was given with the configuration.")
    return known


def validator(changed_at: datetime) -> str:
    return f'"{changed_at.isoformat()}"'
