"""The fixtures of the plugin.

PostgreSQL: `database` is the URL of a fresh clone, as the role of the function whose tests ask; `clone` is the same
database with the URL of every role; `new_database` makes more of them. `module_database` is shared by a module.
S3: `bucket` is empty at the start of each test; `new_bucket` makes more; `moto` is S3 in memory, for unit tests.
`valkey` is an empty Valkey. `recorder` takes what is published.
"""

import shutil
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from battlescope_events.publisher import RecordingPublisher
from battlescope_local.devtools.project import ROOT
from battlescope_local.settings import S3Access
from battlescope_local.stores.state_file import StateFile
from battlescope_local.testing import ADDRESS
from battlescope_local.testing.buckets import Bucket, make_bucket
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.servers import OwnServers, Servers, context_of, dbmate, open_folder
from battlescope_local.testing.sharing import SharedServers


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Generator[Servers]:
    """The servers of the run; each is started when it is first asked for."""
    given: dict[str, Any] | None = getattr(request.config, "workerinput", None)
    if given is not None:
        yield SharedServers(given[ADDRESS])
        return
    own = OwnServers()
    yield own
    own.close()


@pytest.fixture(scope="session")
def postgres(servers: Servers) -> str:
    """The administrator's URL."""
    return servers.postgres()


@pytest.fixture(scope="session")
def store_secrets(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> StateFile:
    """A memory of our own with the passwords of the shared PostgreSQL's roles, for tests that provision on it."""
    memory = StateFile(tmp_path_factory.mktemp("secrets") / "secrets.json")
    for name, password in servers.passwords().items():
        memory.put(name, password)
    return memory


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Generator[Databases]:
    with Databases(servers) as made:
        yield made


@pytest.fixture(scope="session", name="dbmate")
def dbmate_command() -> Callable[..., None]:
    """Runs dbmate: the owner's URL, the owner, and dbmate's words."""
    return dbmate


@pytest.fixture(scope="module")
def function(request: pytest.FixtureRequest) -> str:
    """The function whose tests these are."""
    return request.path.relative_to(ROOT / "functions").parts[0]


@pytest.fixture(scope="module")
def module_database(databases: Databases, function: str) -> Generator[Database]:
    """A clone for all tests of a module."""
    made = databases.clone(context_of(function))
    yield made
    databases.drop(made)


@pytest.fixture
def new_database(databases: Databases, function: str) -> Generator[Callable[[], Database]]:
    made: list[Database] = []

    def make() -> Database:
        made.append(databases.clone(context_of(function)))
        return made[-1]

    yield make
    for database in made:
        databases.drop(database)


@pytest.fixture
def clone(new_database: Callable[[], Database]) -> Database:
    """A clone for one test."""
    return new_database()


@pytest.fixture
def empty(databases: Databases, function: str) -> Generator[Database]:
    """A database of the function's context before its first migration."""
    made = databases.empty(context_of(function))
    yield made
    databases.drop(made)


@pytest.fixture
def database(clone: Database, function: str) -> str:
    """The URL of the test's clone, as the role of the function."""
    return clone.url(function)


@pytest.fixture(scope="session")
def valkey_server(servers: Servers, worker_id: str) -> str:
    return servers.valkey(worker_id)


@pytest.fixture
def valkey(valkey_server: str) -> str:
    """Empty."""
    with import_module("redis").Redis.from_url(valkey_server) as client:
        client.flushdb()
    return valkey_server


@pytest.fixture(scope="session")
def s3(servers: Servers) -> S3Access:
    return servers.s3()


@pytest.fixture(scope="session")
def new_bucket(s3: S3Access) -> Callable[[], Bucket]:
    return lambda: make_bucket(s3)


@pytest.fixture(scope="session")
def worker_bucket(new_bucket: Callable[[], Bucket]) -> Bucket:
    """SeaweedFS takes long to make a bucket, so a worker makes one."""
    return new_bucket()


@pytest.fixture
def bucket(worker_bucket: Bucket) -> Bucket:
    """Empty: an object that an earlier test left would hide that this one's is missing."""
    worker_bucket.empty()
    return worker_bucket


@pytest.fixture(scope="session")
def moto() -> Generator[S3Access]:
    """S3 in the memory of this process, the same for all that ask."""
    server: Any = import_module("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Access(f"http://{host}:{port}", "test", "testsecret")
    server.stop()


@pytest.fixture
def recorder() -> RecordingPublisher:
    """Takes what is published."""
    return RecordingPublisher()


@pytest.fixture(scope="session")
def nobodys_folder() -> Generator[Callable[[], Path]]:
    """Makes temporary folders in which a test may run servers of its own; it then runs beside no other such test."""
    made: list[Path] = []

    def make() -> Path:
        made.append(open_folder())
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
