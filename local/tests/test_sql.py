"""Every SQL statement is valid for its schema under the role that executes it; every schema is described."""

import asyncio
import importlib
import os
import pkgutil
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import psycopg
import pytest
from mechanisms import mechanisms_of

from battlescope_local.devtools.describe import describe
from battlescope_local.devtools.project import ROOT, Member, functions
from battlescope_local.manifests import load
from battlescope_local.manifests.labels import DATABASE_LABEL, function_of
from battlescope_local.node.workload_config import required_databases
from battlescope_local.stores.postgres import DatabaseSpec, provision
from battlescope_local.stores.state_file import StateFile
from battlescope_local.testing.servers import dbmate

pytestmark = pytest.mark.postgres
MANIFESTS = load(ROOT / "knative" / "base")
DATABASES = required_databases(MANIFESTS)
DATABASE_OF = {
    function_of(service): service.labels[DATABASE_LABEL]
    for service in MANIFESTS.services
    if DATABASE_LABEL in service.labels
}
COMPOSITION = {"main"}  # importing it builds the app; it holds no SQL
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")


def statements() -> Iterator[tuple[str, str, str]]:
    """Function, name and text of every SQL constant; names of fragments start with an underscore."""
    seen = set[tuple[str, str]]()  # EXPLAIN a constant once, also if other modules import it
    for function in functions():
        for module_name in [*modules_of(function), *mechanisms_of(function)]:
            for name, value in vars(importlib.import_module(module_name)).items():
                if name.isupper() and not name.startswith("_") and isinstance(value, str) and STATEMENT.match(value):
                    if (function.name, value) in seen:
                        continue
                    seen.add((function.name, value))
                    yield function.name, f"{module_name.partition('.')[2]}.{name}", value


def modules_of(function: Member) -> Iterator[str]:
    package = importlib.import_module(function.package)
    for info in pkgutil.walk_packages(package.__path__, f"{function.package}."):
        if info.name.rpartition(".")[2] not in COMPOSITION:
            yield info.name


ALL = sorted(statements())


@pytest.fixture(scope="session")
def migrated(postgres: str, store_secrets: StateFile) -> Mapping[tuple[str, str], str]:
    """URL of each (function, database), after every migration has run up, down and up again."""
    urls = asyncio.run(provision(postgres, DATABASES, store_secrets))
    for database in DATABASES:
        owner = urls[database.owner, database.database]
        dbmate(owner, database.owner, "up")
        for _ in (ROOT / "functions" / database.owner / "migrations").glob("*.sql"):
            dbmate(owner, database.owner, "down")
        dbmate(owner, database.owner, "up")
    return urls


def test_every_function_with_a_database_has_statements() -> None:
    assert {function for function, _, _ in ALL} == set(DATABASE_OF)


@pytest.mark.parametrize(("function", "statement"), [pytest.param(f, s, id=f"{f}.{n}") for f, n, s in ALL])
def test_statement_is_valid_for_its_schema_and_role(
    migrated: Mapping[tuple[str, str], str], function: str, statement: str
) -> None:
    text = re.sub(r"%\((\w+)\)s|%s", "NULL", statement).replace("%%", "%")
    with psycopg.connect(migrated[function, DATABASE_OF[function]]) as connection:
        connection.execute(f"EXPLAIN {text}")


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("database", DATABASES, ids=lambda database: database.database)
def test_described_schema_equals_that_of_the_migrations(postgres: str, database: DatabaseSpec) -> None:
    """`make schemas` updates it."""
    parts = urlsplit(postgres)
    description = describe(parts._replace(path=f"/{database.database}").geturl())
    file = ROOT / "functions" / database.owner / "schema.txt"
    if "WRITE_SCHEMAS" in os.environ:
        file.write_text(description)
    assert file.read_text() == description


def test_reader_cannot_write(migrated: Mapping[tuple[str, str], str]) -> None:
    with (
        psycopg.connect(migrated["battle-api", DATABASE_OF["battle-api"]]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM battles")
