"""Functions wait for their schema version: not ready before its migration, ready with later ones too."""

import asyncio
import json
import sys
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest
from function_environment import function_environment

from battlescope_events.catalog import TIMER
from battlescope_local.manifests.model import Container, Service
from battlescope_local.processes.children import Processes
from battlescope_local.processes.sockets import prepare_socket_folder
from battlescope_local.serving.instances import Launcher
from battlescope_local.serving.revision import start_revision
from battlescope_local.settings import S3Access, base_environment
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
    processes = dict[FunctionProcess, str]()  # each with its schema version
    for function in (spec.owner, *spec.users):
        environment = function_environment(function, empty, moto)
        processes[new_process(app_of(function), environment).start()] = environment["SCHEMA_VERSION"]
    for process, version in processes.items():
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
    environment = function_environment("battle-api", empty, moto)
    running = new_process(app_of("battle-api"), environment).start().wait_until_ready()
    with psycopg.connect(empty.owner) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (%s)", [LATER_MIGRATION])
    dbmate(empty.owner, spec.owner, "up")  # the Job of the previous release has nothing to do
    assert readiness(running) == (200, "")
    new_process(app_of("battle-api"), environment).start().wait_until_ready()


@pytest.mark.parametrize("context", ["battlescope_battles"])
async def test_event_waits_in_local_mode_until_its_function_has_its_schema(
    context: str, empty: Database, dbmate: Callable[..., None], moto: S3Access, tmp_path: Path
) -> None:
    """As in Knative, nothing is sent to an instance before it is ready, so that the event uses up no retry."""
    spec = contexts()[context]
    environment = function_environment("battle-close", empty, moto)
    environment |= base_environment(Path(sys.executable).parent)
    service = Service("battle-close", Container("image", readiness_path="/health/readiness"))
    event = TIMER.message(None, source="timer", key="1", time=datetime.now(UTC))
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    launcher = Launcher(service, processes, tmp_path, prepare_socket_folder(tmp_path), environment)
    async with start_revision(service, launcher) as revision:
        delivery = asyncio.create_task(revision.deliver("/", event.headers, event.body))
        while not delivery.done() and not is_connected(empty, "battle-close"):
            await asyncio.sleep(0.02)
        assert (revision.status().queued, revision.status().ready) == (1, 0)
        await asyncio.to_thread(dbmate, empty.owner, spec.owner, "up")
        assert (await delivery).status == 204


def is_connected(database: Database, role: str) -> bool:
    with psycopg.connect(database.owner) as connection:
        connections = connection.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = %s", [role]
        )
        return connections.rowcount > 0
