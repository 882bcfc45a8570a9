"""A source's record of one killmail, and the killmail in it."""

from datetime import datetime
from typing import NamedTuple

from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, read_killmail


class SourceEntry(NamedTuple):
    """A source's record of one killmail: raw text and, where a list states it, the hash; or why there is no text."""

    raw: bytes
    hash: str | None = None
    failure: str | None = None


class BodyIdentity(NamedTuple):
    """What tells two bodies of one id apart; a list of ids states the hash at most."""

    killmail_id: int
    hash: str | None
    time: datetime | None


def parse_entry(entry: SourceEntry, now: datetime) -> ArchivedKillmail:
    """The killmail of a record.

    Raises:
        InvalidKillmail: it is not a killmail, or its body does not match the hash that the list states.
    """
    if entry.failure is not None:
        raise InvalidKillmail(entry.failure)
    return read_killmail(entry.raw, listed_hash=entry.hash or "", now=now)
