"""Messages that wait in the old outbox tables move into the one table of their database, and back."""

from collections.abc import Callable, Generator
from pathlib import Path

import psycopg
import pytest

from battlescope_local.devtools.project import ROOT
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.servers import contexts

pytestmark = pytest.mark.postgres
NEW = "20261129100000_pre_outbox_and_attempts.sql"
MOVE = "20261129100100_post_outbox_and_attempts.sql"
INSERT = "INSERT INTO {} (headers, body) VALUES (%s, %s)"
SELECT_NEW = "SELECT broker, headers ->> 'ce-id', body, parked_reason FROM outbox_messages ORDER BY id"
# The old tables of each database, with their Broker.
OLD_TABLES = {
    "battlescope_battles": {"outbox": "battles"},
    "battlescope_ingestion": {"outbox": "killmails", "backfill_outbox": "backfill"},
    "battlescope_killmails": {"outbox": "killmails"},
}


@pytest.fixture
def before(databases: Databases) -> Generator[Callable[[str], Database]]:
    """A database of the context as it was before its outbox changed."""
    created: list[Database] = []

    def make(context: str) -> Database:
        created.append(databases.empty(context))
        with psycopg.connect(created[-1].owner) as connection:
            for path in sorted(migrations(context).glob("*.sql")):
                if path.name < NEW:
                    connection.execute(up_and_down(path)[0].encode())
        return created[-1]

    yield make
    for database in created:
        databases.drop(database)


def migrations(context: str) -> Path:
    return ROOT / "functions" / contexts()[context].owner / "migrations"


def up_and_down(path: Path) -> tuple[str, str]:
    up, down = path.read_text().split("-- migrate:down")
    return up, down


@pytest.mark.parametrize("context", OLD_TABLES)
def test_waiting_messages_move_and_move_back(before: Callable[[str], Database], context: str) -> None:
    (new_up, _), (move_up, move_down) = (up_and_down(migrations(context) / name) for name in (NEW, MOVE))
    with psycopg.connect(before(context).owner, autocommit=True) as connection:
        for table in OLD_TABLES[context]:
            for number in range(3):
                headers = f'{{"ce-id": "{table} {number}"}}'
                connection.execute(INSERT.format(table), [headers, f"body {number}".encode()])
        connection.execute(new_up.encode())
        connection.execute(move_up.encode())
        assert connection.execute(SELECT_NEW).fetchall() == [
            (broker, f"{table} {number}", f"body {number}".encode(), None)
            for table, broker in OLD_TABLES[context].items()
            for number in range(3)
        ]
        connection.execute(move_down.encode())
        assert connection.execute("SELECT count(*) FROM outbox_messages").fetchone() == (0,)
        for table in OLD_TABLES[context]:
            rows = connection.execute(f"SELECT headers ->> 'ce-id', body FROM {table} ORDER BY 1").fetchall()
            assert rows == [(f"{table} {number}", f"body {number}".encode()) for number in range(3)]


def test_a_message_that_failed_before_is_parked(before: Callable[[str], Database]) -> None:
    context = "battlescope_ingestion"
    with psycopg.connect(before(context).owner, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO outbox (headers, body, failure) VALUES ('{"ce-id": "x"}', '', 'status 413')"""
        )
        for name in (NEW, MOVE):
            connection.execute(up_and_down(migrations(context) / name)[0].encode())
        assert connection.execute(SELECT_NEW).fetchall() == [("killmails", "x", b"", "status 413")]
        assert connection.execute("SELECT parked_at IS NOT NULL FROM outbox_messages").fetchone() == (True,)
