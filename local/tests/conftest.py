"""Fixture strategy: one real server of each kind per session, on free ports, in a folder that nobody (as PostgreSQL
is, when we are root) may enter; a test that needs a fresh or a killable one starts its own by `Servers`.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode leaves the helpers beside the tests unfindable

from battlescope_local.processes.children import Processes
from battlescope_local.settings import S3Access
from battlescope_local.stores import postgres as postgres_store
from battlescope_local.stores import s3 as s3_store
from battlescope_local.stores import valkey as valkey_store
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

T = TypeVar("T")


class Servers:
    """Servers of a session, kept by an event loop in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes = Processes(folder / "run", folder / "logs")
        self.memory = StateFile(folder / "secrets.json")
        self.ports = Ports(self.memory)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._keepers: list[asyncio.Task[None]] = []
        self._started: list[SupervisedProcess] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(90)

    def start(self, server: SupervisedProcess) -> None:
        self._started.append(server)
        try:
            self._keepers.append(self.run(server.start()))
        except StoreError as error:
            pytest.skip(str(error))

    def close(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for server in reversed(self._started):
            await server.stop()


@pytest.fixture(scope="session")
def nobodys_folder() -> Iterator[Callable[[], Path]]:
    """Makes temporary folders that every user may walk through: pytest's own are 0700."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="battlescope-test-", dir="/var/tmp" if os.geteuid() == 0 else None)))
        made[-1].chmod(0o711)
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers(nobodys_folder: Callable[[], Path]) -> Iterator[Servers]:
    made = Servers(nobodys_folder())
    yield made
    made.close()


def _or_skip(make: Callable[[], tuple[T, SupervisedProcess]], servers: Servers) -> T:
    try:
        address, server = make()
    except StoreError as error:
        pytest.skip(str(error))
    servers.start(server)
    return address


@pytest.fixture(scope="session")
def postgres(servers: Servers) -> str:
    """The administrator's URL."""
    folder, ports = servers.folder / "postgres", servers.ports
    return _or_skip(lambda: postgres_store.prepare_server(folder, servers.processes, ports, servers.memory), servers)


@pytest.fixture(scope="session")
def valkey(servers: Servers) -> str:
    folder, ports = servers.folder / "valkey", servers.ports
    return _or_skip(lambda: valkey_store.prepare_server(folder, servers.processes, ports, servers.memory), servers)


@pytest.fixture(scope="session")
def s3(servers: Servers) -> S3Access:
    """With the archive's bucket."""
    folder, ports = servers.folder / "s3", servers.ports
    access = _or_skip(lambda: s3_store.prepare_server(folder, servers.processes, ports, servers.memory), servers)
    servers.run(s3_store.ensure_buckets(access, servers.memory))
    return access
