"""Starts and stops the three stores in parallel."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from battlescope_local.processes.children import Processes
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores import postgres, s3, valkey
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.seaweedfs_webhook import Webhook
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess


@dataclass(frozen=True, slots=True)
class Stores:
    """Addresses of the stores; `servers` are those that the node runs."""

    postgres_url: str
    redis_url: str
    s3: S3Access
    servers: Mapping[str, SupervisedProcess]


class _Starter:
    def __init__(
        self,
        folder: Path,
        processes: Processes,
        external: ExternalServers,
        state_file: StateFile,
        *,
        ports: Ports,
        webhook: Webhook | None,
    ) -> None:
        self._folder, self._processes, self._external, self._state_file = folder, processes, external, state_file
        self._ports, self._webhook = ports, webhook
        self.servers: dict[str, SupervisedProcess] = {}
        self.supervisors: list[asyncio.Task[None]] = []

    async def _run(self, name: str, server: SupervisedProcess) -> None:
        self.servers[name] = server
        self.supervisors.append(await server.start())

    async def postgres(self) -> str:
        if self._external.postgres_url:
            return self._external.postgres_url
        url, server = await postgres.prepare_server_in_thread(
            self._folder / "postgres", self._processes, self._ports, self._state_file
        )
        await self._run("postgres", server)
        return url

    async def valkey(self) -> str:
        if self._external.redis_url:
            return self._external.redis_url
        url, server = valkey.prepare_server(self._folder / "valkey", self._processes, self._ports, self._state_file)
        await self._run("valkey", server)
        return url

    async def s3(self) -> S3Access:
        if self._external.s3:
            await s3.ensure_buckets(self._external.s3, self._state_file)
            return self._external.s3
        access, server = s3.prepare_server(
            self._folder / "s3", self._processes, self._ports, self._state_file, self._webhook
        )
        await self._run("s3", server)
        return access

    async def all(self) -> Stores:
        async with asyncio.TaskGroup() as tasks:
            storage = tasks.create_task(self.s3())
            database = tasks.create_task(self.postgres())
            cache = tasks.create_task(self.valkey())
        return Stores(database.result(), cache.result(), storage.result(), self.servers)

    async def stop(self) -> None:
        for supervisor in self.supervisors:
            supervisor.cancel()
        await asyncio.gather(*self.supervisors, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self.servers.values()))
        if "s3" in self.servers:
            s3.remove_sockets(self._state_file)


@asynccontextmanager
async def start_stores(
    folder: Path,
    processes: Processes,
    external: ExternalServers,
    state_file: StateFile,
    ports: Ports,
    *,
    webhook: Webhook | None = None,
) -> AsyncGenerator[Stores]:
    """Start the stores and yield when all are ready; stop them on exit. The node's S3 server notifies `webhook`.

    Raises:
        ExceptionGroup: of StoreErrors, one for each store that failed.
    """
    starter = _Starter(folder, processes, external, state_file, ports=ports, webhook=webhook)
    try:
        yield await starter.all()
    finally:
        await starter.stop()
