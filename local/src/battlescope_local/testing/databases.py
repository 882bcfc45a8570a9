"""Databases of tests: clones of a context's migrated template, with the roles and rights of production."""

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
    need: DatabaseSpec
    urls: Mapping[str, str]

    def url(self, role: str) -> str:
        """How this function connects to it."""
        return self.urls[role]

    @property
    def owner(self) -> str:
        """The URL of the function that migrates it and may do everything in it."""
        return self.urls[self.need.owner]


class Databases:
    """Makes databases on the server of the run, and drops them."""

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
        """A new database like a context's template, or like another database that nobody is connected to."""
        name = source if isinstance(source, str) else source.need.database
        template = self._servers.template(name)
        original = template.need.database if isinstance(source, str) else source.name
        return self._create(contexts()[name], template.urls, original)

    def empty(self, context: str) -> Database:
        """A new database without any migration."""
        return self._create(contexts()[context], self._servers.template(context).urls, "template1")

    def drop(self, database: Database) -> None:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._admin.execute(statement.format(sql.Identifier(database.name)))

    def _create(self, need: DatabaseSpec, urls: Mapping[str, str], original: str) -> Database:
        """A template's rights to connect are not cloned with it."""
        made = f"{need.database}_{secrets.token_hex(6)}"
        name, template, owner = (sql.Identifier(one) for one in (made, original, need.owner))
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        self._admin.execute(create.format(name, template, owner))
        self._admin.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
        if need.users:
            users = sql.SQL(", ").join(map(sql.Identifier, need.users))
            self._admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, users))
        return Database(made, need, {role: _renamed(url, made) for role, url in urls.items()})


def run_sql(url: str, statement: str) -> None:
    """Run a script of several statements as one transaction."""
    with closing(psycopg.connect(url)) as connection, connection:
        connection.execute(statement.encode())


def _renamed(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
