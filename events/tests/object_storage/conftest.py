"""Clients of a real SeaweedFS and of moto, and a server that answers as a test tells it."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from faulty_s3 import Answer, FaultyServer, StartServer

from battlescope_events.object_storage.access import BucketAccess
from battlescope_local.testing.buckets import Bucket, create_bucket


@pytest.fixture(params=["seaweedfs", "moto"])
def any_bucket(request: pytest.FixtureRequest) -> Bucket:
    """An empty bucket of each server in turn."""
    if request.param == "seaweedfs":
        return request.getfixturevalue("bucket")
    return create_bucket(request.getfixturevalue("moto"))


@pytest.fixture
def access(any_bucket: Bucket) -> BucketAccess:
    return any_bucket.bucket_access


@pytest.fixture
def missing_bucket(access: BucketAccess) -> BucketAccess:
    return replace(access, bucket=f"missing-{secrets.token_hex(6)}")


@pytest.fixture
async def start_server() -> AsyncGenerator[StartServer]:
    listening: list[asyncio.Server] = []
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(answer: Answer) -> FaultyServer:
        server = FaultyServer(answer)

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections[asyncio.create_task(server.serve(reader, writer))] = writer

        listening.append(await asyncio.start_server(accept, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening[-1].sockets[0].getsockname()[1]}"
        server.access = BucketAccess(url, "us-east-1", "archive", "key", "secret")
        return server

    yield start
    for server in listening:
        server.close()
    for task, writer in connections.items():  # obstore keeps its connections, and a hanging answer never ends
        task.cancel()
        writer.transport.abort()
    await asyncio.gather(*connections, return_exceptions=True)
