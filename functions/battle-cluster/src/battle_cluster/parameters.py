"""Mails and ids as parameters of statements."""

from collections.abc import Iterable
from datetime import UTC, datetime
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


def bulk_row(heard: Heard) -> dict[str, Any]:
    """The same as JSON."""
    row = mail_row(heard)
    return row | {"occurred_at": heard.mail.time, "value": str(heard.value), "body": row["body"].decode()}
