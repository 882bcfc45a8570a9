"""Mails and ids as parameters of statements."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from battle_cluster.reading import Heard, pack


def ids(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver writes lists ten times slower."""
    return f"{{{','.join(map(str, numbers))}}}"


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def mail_row(heard: Heard) -> dict[str, Any]:
    mail = heard.mail
    return {
        "killmail_id": mail.killmail_id,
        "system_id": mail.system_id,
        "region_id": heard.place.region_id,
        "security_type": heard.place.security_type,
        "occurred_at": moment(mail.time),
        "value": heard.value,
        "historical": heard.place.historical,
        "body": pack(mail),
    }


def mail_lines(mails: Iterable[Heard]) -> str:
    """The same as COPY takes it: nothing in it needs escaping, for a body is JSON of numbers alone."""
    return "".join(
        f"{one.mail.killmail_id}\t{one.mail.system_id}\t{one.place.region_id}\t{one.place.security_type}\t"
        f"{utc(one.mail.time)}\t{one.value}\t{one.place.historical}\t\\\\x{pack(one.mail).hex()}\n"
        for one in mails
    )


def pilot_lines(mails: Iterable[Heard]) -> str:
    """Who was seen when, as COPY takes it."""
    return "".join(
        f"{pilot}\t{when}\t{one.mail.killmail_id}\n"
        for one in mails
        for when in [utc(one.mail.time)]
        for pilot in one.mail.pilot_ids
    )


@lru_cache(maxsize=4096)
def utc(seconds: int) -> str:
    """A time as COPY takes it."""
    return f"{moment(seconds):%Y-%m-%d %H:%M:%S}+00"
