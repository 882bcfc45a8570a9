"""Databases for tests: clones of a context's migrated template, with the roles and rights of production."""

import secrets
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from battlescope_local.stores.postgres import DatabaseSpec
from battlescope_local.testing.servers import Servers, contexts


@dataclass(frozen=True, slots=True)
class Database:
    name: str
    spec: DatabaseSpec
    urls: Mapping[str, str]

    def url(self, role: str) -> str:
        """The URL for this function's role."""
        return self.urls[role]

    @property
    def owner(self) -> str:
        """The URL for the owner, which runs the migrations and has all rights."""
        return self.urls[self.spec.owner]


class Databases:
    """Creates and drops databases on the server of the run."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._admin = psycopg.connect(servers.postgres(), autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admin.close()

    def clone(self, source: "str | Database") -> Database:
        """A copy of a context's template, or of another database without connections."""
        name = source if isinstance(source, str) else source.spec.database
        template = self._servers.template(name)
        original = template.spec.database if isinstance(source, str) else source.name
        return self._create(contexts()[name], template.urls, original)

    def empty(self, context: str) -> Database:
        """A new database without any migration."""
        return self._create(contexts()[context], self._servers.template(context).urls, "template1")

    def drop(self, database: Database) -> None:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._admin.execute(statement.format(sql.Identifier(database.name)))

    def _create(self, spec: DatabaseSpec, urls: Mapping[str, str], original: str) -> Database:
        """Create a database and grant the rights to connect, which are not cloned."""
        new_name = f"{spec.database}_{secrets.token_hex(6)}"
        name, template, owner = (sql.Identifier(identifier) for identifier in (new_name, original, spec.owner))
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY")  # half the CPU of its log
        self._admin.execute(create.format(name, template, owner))
        self._admin.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
        if spec.users:
            users = sql.SQL(", ").join(map(sql.Identifier, spec.users))
            self._admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, users))
        return Database(new_name, spec, {role: _with_database(url, new_name) for role, url in urls.items()})


def run_sql(url: str, statement: str) -> None:
    """Run a script of several statements as one transaction."""
    with closing(psycopg.connect(url)) as connection, connection:
        connection.execute(statement.encode())


def _with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
