"""The fixtures of the plugin.

PostgreSQL: `database` is the URL of a new clone for the role of the tested function; `clone` is the same database with
the URL of every role; `new_database` creates more of them. The tests of a module share `module_database`.
`function_database` is `database`, opened as functions open it.
S3: `bucket` is empty at the start of each test; `new_bucket` creates more; `moto` is S3 in memory, for unit tests.
`certificates` keeps the TLS context of clients. `valkey` is an empty Valkey. `recorder` records published events.
`new_process` runs a function as a process that a test can kill; `held_sink` is a Broker that a test can hold up.
"""

import shutil
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from pydantic import SecretStr

from battlescope_events.postgres.database import Database as FunctionDatabase
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.devtools.project import ROOT
from battlescope_local.settings import S3Access
from battlescope_local.stores.state_file import StateFile
from battlescope_local.testing import ADDRESS_KEY
from battlescope_local.testing.buckets import Bucket, create_bucket
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.processes import FunctionProcess, HeldSink
from battlescope_local.testing.servers import OwnServers, Servers, context_of, create_traversable_folder, dbmate
from battlescope_local.testing.sharing import SharedServers


@pytest.fixture(scope="session", autouse=True)
def certificates() -> Generator[None]:
    """Read the certificates of this machine once, not for each client: nearly all tests speak plain HTTP."""
    patch = pytest.MonkeyPatch()
    patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Generator[Servers]:
    """The servers of the run; each starts at its first use."""
    worker_input: dict[str, Any] | None = getattr(request.config, "workerinput", None)
    if worker_input is not None:
        yield SharedServers(worker_input[ADDRESS_KEY])
        return
    own_servers = OwnServers()
    yield own_servers
    own_servers.close()


@pytest.fixture(scope="session")
def postgres(servers: Servers) -> str:
    """The administrator's URL."""
    return servers.postgres()


@pytest.fixture(scope="session")
def store_secrets(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> StateFile:
    """A state file with the passwords of the shared PostgreSQL's roles, for tests that provision databases there."""
    state_file = StateFile(tmp_path_factory.mktemp("secrets") / "secrets.json")
    for name, password in servers.passwords().items():
        state_file.put(name, password)
    return state_file


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Generator[Databases]:
    with Databases(servers) as databases:
        yield databases


@pytest.fixture(scope="session", name="dbmate")
def dbmate_command() -> Callable[..., None]:
    """Runs dbmate with the owner's URL, the owner and dbmate's arguments."""
    return dbmate


@pytest.fixture(scope="module")
def function(request: pytest.FixtureRequest) -> str:
    """The function that these tests belong to."""
    return request.path.relative_to(ROOT / "functions").parts[0]


@pytest.fixture(scope="module")
def module_database(databases: Databases, function: str) -> Generator[Database]:
    """A clone for all tests of a module."""
    database = databases.clone(context_of(function))
    yield database
    databases.drop(database)


@pytest.fixture
def new_database(databases: Databases, function: str) -> Generator[Callable[[], Database]]:
    created: list[Database] = []

    def make() -> Database:
        created.append(databases.clone(context_of(function)))
        return created[-1]

    yield make
    for database in created:
        databases.drop(database)


@pytest.fixture
def clone(new_database: Callable[[], Database]) -> Database:
    """A clone for one test."""
    return new_database()


@pytest.fixture
def empty(databases: Databases, function: str) -> Generator[Database]:
    """A database of the function's context before its first migration."""
    database = databases.empty(context_of(function))
    yield database
    databases.drop(database)


@pytest.fixture
def database(clone: Database, function: str) -> str:
    """The URL of the test's clone for the role of the function."""
    return clone.url(function)


@pytest.fixture
async def function_database(database: str) -> AsyncGenerator[FunctionDatabase]:
    """The test's clone with the role of the function, opened as functions open it."""
    async with open_pool(SecretStr(database), "test", max_size=8) as pool:
        yield FunctionDatabase(pool, "test")


@pytest.fixture(scope="session")
def valkey_server(servers: Servers, worker_id: str) -> str:
    return servers.valkey(worker_id)


@pytest.fixture
def valkey(valkey_server: str) -> str:
    """URL of an empty Valkey."""
    with import_module("redis").Redis.from_url(valkey_server) as client:
        client.flushdb()
    return valkey_server


@pytest.fixture(scope="session")
def boto3_session() -> Generator[None]:
    """One session of boto3 for all clients: each would read the description of S3, a megabyte of JSON, again."""
    boto3_session_module: Any = import_module("boto3.session")
    patch = pytest.MonkeyPatch()
    patch.setattr(boto3_session_module, "Session", cache(boto3_session_module.Session))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def s3(servers: Servers, boto3_session: None) -> S3Access:  # noqa: ARG001  # it patches the library
    return servers.s3()


@pytest.fixture(scope="session")
def new_bucket(s3: S3Access) -> Callable[[], Bucket]:
    return lambda: create_bucket(s3)


@pytest.fixture(scope="session")
def worker_bucket(new_bucket: Callable[[], Bucket]) -> Bucket:
    """One bucket per worker, because SeaweedFS creates buckets slowly."""
    return new_bucket()


@pytest.fixture
def bucket(worker_bucket: Bucket) -> Bucket:
    """An empty bucket: an object of an earlier test could hide that this test's object is missing."""
    worker_bucket.empty()
    return worker_bucket


@pytest.fixture(scope="session")
def moto(boto3_session: None) -> Generator[S3Access]:  # noqa: ARG001  # as above
    """S3 in the memory of this process, shared by all tests."""
    server: Any = import_module("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Access(f"http://{host}:{port}", "test", "testsecret")
    server.stop()


@pytest.fixture
def recorder() -> RecordingPublisher:
    """Records published events."""
    return RecordingPublisher()


@pytest.fixture
def new_process(tmp_path: Path) -> Generator[Callable[..., FunctionProcess]]:
    """Creates processes with the arguments of `FunctionProcess` except its log; they are killed at the end."""
    processes: list[FunctionProcess] = []

    def make(app: str, settings: Mapping[str, str], *, app_dir: Path | None = None) -> FunctionProcess:
        processes.append(FunctionProcess(app, settings, tmp_path / f"{len(processes)}.log", app_dir=app_dir))
        return processes[-1]

    yield make
    for process in processes:
        process.close()


@pytest.fixture
def held_sink() -> Generator[HeldSink]:
    sink = HeldSink()
    yield sink
    sink.close()


@pytest.fixture(scope="session")
def nobodys_folder() -> Generator[Callable[[], Path]]:
    """Creates temporary folders in which a test can run servers of its own; such tests do not run in parallel."""
    folders: list[Path] = []

    def make() -> Path:
        folders.append(create_traversable_folder())
        return folders[-1]

    yield make
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
