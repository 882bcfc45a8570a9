"""Mails and ids as parameters of statements."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from battle_cluster.messaging.enriched_killmail import IncomingKillmail, encode

NULL: Final = r"\N"
"""COPY's word for it."""
LINES_A_BLOCK: Final = 500


def ids(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver writes lists ten times slower."""
    return f"{{{','.join(map(str, numbers))}}}"


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def mail_row(heard: IncomingKillmail) -> dict[str, Any]:
    mail = heard.mail
    return {
        "killmail_id": mail.killmail_id,
        "system_id": mail.system_id,
        "region_id": heard.place.region_id,
        "security_type": heard.place.security_type,
        "occurred_at": moment(mail.time),
        "value": heard.value,
        "historical": heard.place.historical,
        "body": encode(mail),
    }


def blocks(lines: Iterable[str]) -> Iterator[str]:
    """Lines for COPY, some hundred at a time: while the database takes in a block, the next one is made."""
    rest = iter(lines)
    while block := "".join(islice(rest, LINES_A_BLOCK)):
        yield block


def mail_lines(mails: Iterable[IncomingKillmail], components: Mapping[int, str | None]) -> Iterator[str]:
    """The same as COPY takes it: nothing in it needs escaping, for a body is JSON of numbers alone."""
    for one in mails:
        mail, place = one.mail, one.place
        yield (
            f"{mail.killmail_id}\t{mail.system_id}\t{place.region_id}\t{place.security_type}\t{utc(mail.time)}\t"
            f"{one.value}\t{place.historical}\t\\\\x{encode(mail).hex()}\t{components.get(mail.killmail_id) or NULL}\n"
        )


def pilot_lines(mails: Iterable[IncomingKillmail]) -> Iterator[str]:
    """Who was seen when, as COPY takes it."""
    for one in mails:
        rest = f"{utc(one.mail.time)}\t{one.mail.killmail_id}\n"
        yield from [f"{pilot}\t{rest}" for pilot in one.mail.pilot_ids]


@lru_cache(maxsize=4096)
def utc(seconds: int) -> str:
    """A time as COPY takes it."""
    return f"{moment(seconds):%Y-%m-%d %H:%M:%S}+00"
