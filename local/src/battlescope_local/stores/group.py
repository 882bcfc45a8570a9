"""The three stores together, started and stopped side by side."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from battlescope_local.processes.children import Processes
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores import postgres, s3, valkey
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess


@dataclass(frozen=True, slots=True)
class Stores:
    """How to reach them; `servers` are those that we run."""

    postgres_url: str
    redis_url: str
    s3: S3Access
    servers: Mapping[str, SupervisedProcess]


class _Starter:
    def __init__(
        self,
        folder: Path,
        processes: Processes,
        given: ExternalServers,
        memory: StateFile,
        *,
        ports: Ports,
        notices: str | None,
    ) -> None:
        self._folder, self._processes, self._given, self._memory = folder, processes, given, memory
        self._ports, self._notices = ports, notices
        self.servers: dict[str, SupervisedProcess] = {}
        self.keepers: list[asyncio.Task[None]] = []

    async def _run(self, name: str, server: SupervisedProcess) -> None:
        self.servers[name] = server
        self.keepers.append(await server.start())

    async def postgres(self) -> str:
        if self._given.postgres_url:
            return self._given.postgres_url
        url, server = await postgres.prepare(self._folder / "postgres", self._processes, self._ports, self._memory)
        await self._run("postgres", server)
        return url

    async def valkey(self) -> str:
        if self._given.redis_url:
            return self._given.redis_url
        url, server = valkey.server(self._folder / "valkey", self._processes, self._ports, self._memory)
        await self._run("valkey", server)
        return url

    async def s3(self) -> S3Access:
        if self._given.s3:
            await s3.ensure_buckets(self._given.s3, self._memory)
            return self._given.s3
        access, server = s3.server(self._folder / "s3", self._processes, self._ports, self._memory, self._notices)
        await self._run("s3", server)
        await s3.ensure_buckets(access, self._memory)
        return access

    async def all(self) -> Stores:
        async with asyncio.TaskGroup() as tasks:
            storage = tasks.create_task(self.s3())
            database = tasks.create_task(self.postgres())
            cache = tasks.create_task(self.valkey())
        return Stores(database.result(), cache.result(), storage.result(), self.servers)

    async def stop(self) -> None:
        for keeper in self.keepers:
            keeper.cancel()
        await asyncio.gather(*self.keepers, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self.servers.values()))


@asynccontextmanager
async def stores(
    folder: Path,
    processes: Processes,
    given: ExternalServers,
    memory: StateFile,
    ports: Ports,
    *,
    notices: str | None = None,
) -> AsyncGenerator[Stores]:
    """Ready when entered, gone when left. `notices`: where our own S3 tells of manifests.

    Raises:
        ExceptionGroup: of StoreErrors, one for each store that cannot be had.
    """
    starter = _Starter(folder, processes, given, memory, ports=ports, notices=notices)
    try:
        yield await starter.all()
    finally:
        await starter.stop()
