"""Every statement of every store meets the true schema, as the role that will send it; every schema is described."""

import asyncio
import importlib
import os
import pkgutil
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import psycopg
import pytest

from battlescope_local.devtools.describe import describe
from battlescope_local.devtools.project import ROOT, functions
from battlescope_local.manifests import load
from battlescope_local.manifests.labels import DATABASE_LABEL
from battlescope_local.node.workload_config import required_databases
from battlescope_local.stores.postgres import DatabaseSpec, provision
from battlescope_local.stores.state_file import StateFile
from battlescope_local.testing.servers import dbmate

pytestmark = pytest.mark.postgres
MANIFESTS = load(ROOT / "knative" / "base")
NEEDS = required_databases(MANIFESTS)
DATABASE_OF = {
    service.name: service.labels[DATABASE_LABEL] for service in MANIFESTS.services if DATABASE_LABEL in service.labels
}
COMPOSITION = {"main", "openapi"}  # importing them builds the app; they hold no SQL
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")


def statements() -> Iterator[tuple[str, str, str]]:
    """Function, name and text of every SQL constant; fragments of statements have names with an underscore in front."""
    seen = set[tuple[str, str]]()  # a constant that another module imports is explained once
    for function in functions():
        package = importlib.import_module(function.package)
        for info in pkgutil.walk_packages(package.__path__, f"{function.package}."):
            if info.name.rpartition(".")[2] in COMPOSITION:
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                if name.isupper() and not name.startswith("_") and isinstance(value, str) and STATEMENT.match(value):
                    if (function.name, value) in seen:
                        continue
                    seen.add((function.name, value))
                    yield function.name, f"{info.name.partition('.')[2]}.{name}", value


ALL = sorted(statements())


@pytest.fixture(scope="session")
def migrated(postgres: str, store_secrets: StateFile) -> Mapping[tuple[str, str], str]:
    """URL of each (function, database), after every migration has run up, down and up again."""
    urls = asyncio.run(provision(postgres, NEEDS, store_secrets))
    for need in NEEDS:
        owner = urls[need.owner, need.database]
        dbmate(owner, need.owner, "up")
        for _ in (ROOT / "functions" / need.owner / "migrations").glob("*.sql"):
            dbmate(owner, need.owner, "down")
        dbmate(owner, need.owner, "up")
    return urls


def test_the_stores_were_found() -> None:
    assert {function for function, _, _ in ALL} == set(DATABASE_OF)


@pytest.mark.parametrize(("function", "statement"), [pytest.param(f, s, id=f"{f}.{n}") for f, n, s in ALL])
def test_a_statement_fits_its_schema_and_its_role(
    migrated: Mapping[tuple[str, str], str], function: str, statement: str
) -> None:
    text = re.sub(r"%\((\w+)\)s|%s", "NULL", statement).replace("%%", "%")
    with psycopg.connect(migrated[function, DATABASE_OF[function]]) as connection:
        connection.execute(f"EXPLAIN {text}")  # pyright: ignore[reportArgumentType]  # the constant itself, explained


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.database)
def test_the_described_schema_is_what_the_migrations_make(postgres: str, need: DatabaseSpec) -> None:
    """`make schemas` writes it anew."""
    parts = urlsplit(postgres)
    found = describe(parts._replace(path=f"/{need.database}").geturl())
    file = ROOT / "functions" / need.owner / "schema.txt"
    if "WRITE_SCHEMAS" in os.environ:
        file.write_text(found)
    assert file.read_text() == found


def test_a_reader_may_not_write(migrated: Mapping[tuple[str, str], str]) -> None:
    with (
        psycopg.connect(migrated["battle-api", DATABASE_OF["battle-api"]]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM battles")
