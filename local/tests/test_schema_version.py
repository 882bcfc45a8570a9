"""Functions wait for their schema version: not ready before its migration, ready with later ones too."""

import json
from collections.abc import Callable, Generator
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest
from function_environment import function_environment

from battlescope_local.devtools.project import newest_migration
from battlescope_local.settings import S3Access
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.processes import FunctionProcess
from battlescope_local.testing.servers import contexts

pytestmark = pytest.mark.postgres
NewProcess = Callable[..., FunctionProcess]
LATER_MIGRATION = "20991231235959"


@pytest.fixture
def empty(databases: Databases, context: str) -> Generator[Database]:
    """A database of the context before its first migration."""
    database = databases.empty(context)
    yield database
    databases.drop(database)


def app_of(function: str) -> str:
    return f"{function.replace('-', '_')}.main:app"


def readiness(process: FunctionProcess) -> tuple[int, str]:
    """Status and reason of the readiness answer."""
    try:
        with urlopen(f"{process.url}/health/readiness", timeout=10) as response:
            return response.status, ""
    except HTTPError as error:
        with error:
            return error.code, json.load(error)["reason"]


@pytest.mark.parametrize("context", sorted(contexts()))
def test_functions_become_ready_when_the_migration_job_completes(
    context: str, empty: Database, dbmate: Callable[..., None], new_process: NewProcess, moto: S3Access
) -> None:
    spec = contexts()[context]
    version = newest_migration(spec.owner)
    processes = [
        new_process(app_of(function), function_environment(function, empty, moto) | {"SCHEMA_VERSION": version}).start()
        for function in (spec.owner, *spec.users)
    ]
    for process in processes:
        status, reason = readiness(process.wait_until_live())
        assert status == 503
        assert reason.endswith(f" has no migration {version} yet; its migration Job has not completed.")
    dbmate(empty.owner, spec.owner, "up")
    for process in processes:
        process.wait_until_ready()


@pytest.mark.parametrize("context", ["battlescope_battles"])
def test_functions_of_the_previous_release_are_ready_with_a_later_schema(
    context: str, empty: Database, dbmate: Callable[..., None], new_process: NewProcess, moto: S3Access
) -> None:
    """They serve beside the next release while it is rolled out, and start again after a rollback."""
    spec = contexts()[context]
    dbmate(empty.owner, spec.owner, "up")
    environment = function_environment("battle-api", empty, moto) | {"SCHEMA_VERSION": newest_migration(spec.owner)}
    running = new_process(app_of("battle-api"), environment).start().wait_until_ready()
    with psycopg.connect(empty.owner) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (%s)", [LATER_MIGRATION])
    assert readiness(running) == (200, "")
    new_process(app_of("battle-api"), environment).start().wait_until_ready()
