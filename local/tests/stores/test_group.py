"""The stores as a node starts them: real servers whose data survives a kill."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
from store_harness import kill_until_restarted, running_stores, s3_client

pytestmark = pytest.mark.stores


async def redis(url: str, *words: str) -> bytes:
    password, _, address = url.removeprefix("redis://:").partition("@")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.removesuffix("/0").rpartition(":")[2]))
    writer.write(f"AUTH {password}\r\n{' '.join(words)}\r\n".encode())
    assert await reader.readline() == b"+OK\r\n"
    line = await reader.readline()
    response = await reader.readline() if line.startswith(b"$") and line != b"$-1\r\n" else line
    writer.close()
    await writer.wait_closed()
    return response.strip()


async def test_each_store_survives_a_kill_with_its_data(nobodys_folder: Callable[[], Path]) -> None:
    async with running_stores(nobodys_folder()) as stores:
        async with await psycopg.AsyncConnection.connect(stores.postgres_url, autocommit=True) as connection:
            await connection.execute("CREATE TABLE stored AS SELECT 42 AS number")
        assert await redis(stores.redis_url, "SET", "stored", "42") == b"+OK"
        bucket = "battlescope-archive"
        await asyncio.to_thread(s3_client(stores.s3).put_object, Bucket=bucket, Key="stored", Body=b"42")

        for name in ("postgres", "valkey", "s3"):
            await kill_until_restarted(stores.servers[name])

        async with await psycopg.AsyncConnection.connect(stores.postgres_url) as connection:
            assert await (await connection.execute("SELECT number FROM stored")).fetchone() == (42,)
        assert await redis(stores.redis_url, "GET", "stored") == b"42"
        response = await asyncio.to_thread(s3_client(stores.s3).get_object, Bucket=bucket, Key="stored")
        assert response["Body"].read() == b"42"
        pids = [server.child.pid for server in stores.servers.values() if server.child]
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


async def test_second_start_has_the_same_data_ports_and_passwords(nobodys_folder: Callable[[], Path]) -> None:
    folder = nobodys_folder()
    async with running_stores(folder) as first:
        await asyncio.to_thread(s3_client(first.s3).put_object, Bucket="battlescope-archive", Key="stored", Body=b"42")
    async with running_stores(folder) as second:
        assert (second.postgres_url, second.s3) == (first.postgres_url, first.s3)
        client = s3_client(second.s3)
        response = await asyncio.to_thread(client.get_object, Bucket="battlescope-archive", Key="stored")
        assert response["Body"].read() == b"42"


async def test_stores_listen_only_on_loopback(nobodys_folder: Callable[[], Path]) -> None:
    async with running_stores(nobodys_folder()) as stores:
        pids = [server.child.pid for server in stores.servers.values() if server.child]
        listening = [
            connection.laddr
            for pid in pids
            for connection in psutil.Process(pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert len(listening) >= 4
    assert {address.ip for address in listening} == {"127.0.0.1"}
