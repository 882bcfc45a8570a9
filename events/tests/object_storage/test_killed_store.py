"""A real SeaweedFS is killed in the middle of writes and reads, again and again, and restarted by its supervisor."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from battlescope_events.errors import TransientError
from battlescope_events.object_storage.access import BucketAccess
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.objects import GZIP, ByteRange, ObjectStorage
from battlescope_local.processes.children import Processes
from battlescope_local.stores import s3
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

pytestmark = pytest.mark.stores
KILLS = 3
SIZE = 300_000  # bytes; a kill meets objects that are half transferred
PIECE = 50_000


@dataclass
class Store:
    access: BucketAccess
    server: SupervisedProcess

    def kill(self) -> None:
        assert self.server.child is not None
        os.kill(self.server.child.pid, signal.SIGKILL)

    async def restarted(self, times: int) -> None:
        async with asyncio.timeout(120):
            while self.server.restarts < times or self.server.state != "ready":
                await asyncio.sleep(0.01)


@pytest.fixture
async def store(nobodys_folder: Callable[[], Path]) -> AsyncGenerator[Store]:
    folder = nobodys_folder()
    state_file, processes = StateFile(folder / "secrets.json"), Processes(folder / "run", folder / "logs")
    access, server = s3.prepare_server(folder / "s3", processes, Ports(state_file), state_file)
    supervisor = await server.start()
    yield Store(access.bucket(s3.BUCKET), server)
    supervisor.cancel()
    await server.stop()


@dataclass
class Workload:
    """Writes objects whose content follows from their key, and reads acknowledged ones, until it is stopped.

    `failures` counts TransientErrors; any other error ends the test.
    """

    storage: ObjectStorage
    stored: list[str] = field(default_factory=list)
    reads: int = 0
    failures: int = 0
    is_stopped: bool = False

    async def write(self, worker: int) -> None:
        number = 0
        while not self.is_stopped:
            key = f"objects/{worker}/{number}"
            try:
                await self.storage.put_once(key, content(key), GZIP)
            except TransientError:
                self.failures += 1
                await asyncio.sleep(0.05)  # as the Broker, which delivers the event again later
            else:
                self.stored.append(key)
                number += 1

    async def read(self) -> None:
        while not self.is_stopped:
            if not self.stored:
                await asyncio.sleep(0.01)
                continue
            key = self.stored[self.reads % len(self.stored)]
            try:
                await read_and_compare(self.storage, key)
            except TransientError:
                self.failures += 1
                await asyncio.sleep(0.05)
            self.reads += 1


def content(key: str) -> bytes:
    return (sha256(key.encode()).digest() * (SIZE // 32 + 1))[:SIZE]


async def read_and_compare(storage: ObjectStorage, key: str) -> None:
    """Read an object in each way."""
    expected = content(key)
    assert await storage.get(key, max_bytes=SIZE) == expected
    ranges = [ByteRange(offset, 1_000) for offset in range(0, SIZE, PIECE)]
    pieces = await storage.get_ranges(key, ranges, max_bytes=SIZE)
    assert pieces == [expected[part.offset : part.end] for part in ranges]
    assert b"".join([piece async for piece in storage.stream(key, piece_bytes=PIECE)]) == expected


async def test_killed_store_loses_nothing_and_leaves_nothing_half_written(store: Store) -> None:
    storage = ObjectStorage(store.access)
    work = Workload(storage)
    async with asyncio.TaskGroup() as tasks:
        for worker in range(4):
            tasks.create_task(work.write(worker))
        for _ in range(4):
            tasks.create_task(work.read())
        for kill in range(KILLS):
            before = len(work.stored), work.reads
            async with asyncio.timeout(60):
                while len(work.stored) < before[0] + 20 or work.reads < before[1] + 20:
                    await asyncio.sleep(0.005)
            store.kill()
            await store.restarted(kill + 1)
        work.is_stopped = True
    assert work.failures > 0
    for key in work.stored:
        await read_and_compare(storage, key)
    existing = [stored async for page in BucketClient(store.access).list_pages("objects/") for stored in page]
    assert {stored.key for stored in existing} >= set(work.stored)
    assert {stored.size for stored in existing} == {SIZE}
