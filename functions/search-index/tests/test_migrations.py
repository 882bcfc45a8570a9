"""Every migration runs up, down and up again on a real PostgreSQL; readers cannot write."""

from pathlib import Path

import psycopg
import pytest

from battlescope_local.testing.databases import Database

MIGRATIONS = sorted((Path(__file__).parents[1] / "migrations").glob("*.sql"))
DBMATE_TABLE = "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)"
pytestmark = pytest.mark.postgres


def up_and_down(path: Path) -> tuple[str, str]:
    up, down = path.read_text().split("-- migrate:down")
    return up.removeprefix("-- migrate:up"), down


def test_migrations_run_up_down_and_up(empty: Database) -> None:
    with psycopg.connect(empty.owner) as connection:
        connection.execute(DBMATE_TABLE)  # dbmate creates it before the first migration
        for _ in range(2):
            for path in MIGRATIONS:
                connection.execute(up_and_down(path)[0].encode())
            for path in reversed(MIGRATIONS):
                connection.execute(up_and_down(path)[1].encode())
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("schema_migrations",)]
