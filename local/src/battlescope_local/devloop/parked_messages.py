"""`battlescope outbox`: the messages that a Broker refused for good, which wait in the outboxes for an operator."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.rows import class_row

from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError

ALL: Final = "all"
DATABASE_PREFIX: Final = "battlescope_"
SELECT_DATABASES: Final[LiteralString] = r"""
SELECT datname FROM pg_database WHERE datallowconn AND datname LIKE 'battlescope\_%' ORDER BY datname
"""
HAS_OUTBOX: Final[LiteralString] = "SELECT to_regclass('public.outbox_messages') IS NOT NULL"
SELECT_PARKED: Final[LiteralString] = """
SELECT id, broker, headers AS attributes, convert_from(body, 'UTF8') AS data, parked_at, parked_reason AS reason,
    extract(epoch FROM now() - parked_at)::float8 AS age
FROM outbox_messages WHERE parked_at IS NOT NULL ORDER BY id
"""
RETRY: Final[LiteralString] = """
UPDATE outbox_messages SET parked_at = NULL, parked_reason = NULL WHERE id = %(id)s AND parked_at IS NOT NULL
"""
DELETE: Final[LiteralString] = "DELETE FROM outbox_messages WHERE id = %(id)s AND parked_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    broker: str
    attributes: Mapping[str, str]
    data: str
    parked_at: datetime
    reason: str
    age: float


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message and where it waits.

    name: context and number of its row, which names it in commands. age: seconds since it was parked.
    """

    name: str
    context: str
    broker: str
    type: str
    event_id: str
    subject: str
    reason: str
    parked_at: datetime
    age: float
    attributes: Mapping[str, str]
    data: str


def find_databases(admin_url: str) -> list[str]:
    """The databases of the contexts."""
    with closing(psycopg.connect(admin_url)) as connection:
        return [name for (name,) in connection.execute(SELECT_DATABASES)]


class Outboxes:
    """The outboxes of databases of a PostgreSQL server, with the rights of its administrator."""

    def __init__(self, admin_url: str, databases: Iterable[str]) -> None:
        self._url_by_context = {
            database.removeprefix(DATABASE_PREFIX): urlunsplit(urlsplit(admin_url)._replace(path=f"/{database}"))
            for database in databases
        }

    def parked(self) -> list[ParkedMessage]:
        """All parked messages, those of a context in the order in which they were written."""
        return [message for context in self._url_by_context for message in self._parked_of(context)]

    def retry(self, names: Collection[str]) -> int:
        """Let the next flush publish these messages again; returns their number."""
        return self._execute(RETRY, names)

    def delete(self, names: Collection[str]) -> int:
        """Delete these messages for good; returns their number."""
        return self._execute(DELETE, names)

    def _parked_of(self, context: str) -> Iterator[ParkedMessage]:
        with closing(psycopg.connect(self._url_by_context[context])) as connection:
            if connection.execute(HAS_OUTBOX).fetchone() != (True,):
                return
            for row in connection.cursor(row_factory=class_row(_Row)).execute(SELECT_PARKED):
                yield _message(context, row)

    def _execute(self, statement: LiteralString, names: Collection[str]) -> int:
        parked = {message.name for message in self.parked()}
        chosen = sorted(parked) if ALL in names else list(dict.fromkeys(names))
        for name in chosen:
            if name not in parked:
                message = f"There is no parked message {name}; `{typed_command('outbox')}` lists them."
                raise UserError(message)
        for name in chosen:
            context, _, row_id = name.rpartition(":")
            with closing(psycopg.connect(self._url_by_context[context], autocommit=True)) as connection:
                connection.execute(statement, {"id": int(row_id)})
        return len(chosen)


def _message(context: str, row: _Row) -> ParkedMessage:
    return ParkedMessage(
        name=f"{context}:{row.id}",
        context=context,
        broker=row.broker,
        type=row.attributes.get("ce-type", ""),
        event_id=row.attributes.get("ce-id", ""),
        subject=row.attributes.get("ce-subject", ""),
        reason=row.reason,
        parked_at=row.parked_at,
        age=row.age,
        attributes=row.attributes,
        data=row.data,
    )


def age_text(seconds: float) -> str:
    """An age in the largest unit that fits: `45 s`, `12 min`, `3 h`, `4 d`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
