"""Streams of one instance of killmail-api: 1,000 clients, 50 killmails a second, some of which lose their connection.

Each client notes the id of every killmail it receives, so that a missed one is found; those that lose the connection
come back with `Last-Event-ID`. Latency is from the commit of a killmail, with its entry in the live log after it, to
its arrival at a client. The server has a process of its own, the clients another one; CPU time is that of the server.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil
import psycopg
from harness.report import quantile, report
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from battlescope_events.valkey.connection import Valkey
from battlescope_events.valkey.live_log import LiveLog
from battlescope_local.testing.databases import Databases
from battlescope_local.testing.processes import FunctionProcess
from battlescope_local.testing.servers import OwnServers
from battlescope_schemas.live.log import LiveKind

ATTACKERS: Final = 10  # the mean of real killmails
FIRST_ID: Final = 1_000_000
PATH: Final = "/api/stream?topics=killmails,battles&limit=1"
KILLMAIL: Final = re.compile(rb'\ndata: \{"killmailId":"([0-9]+)"')
ARRIVAL_SECONDS: Final = 120.0  # after which what has not arrived is missed
ARCHIVE: Final = {  # streams read nothing of it
    "S3_ENDPOINT_URL": "http://127.0.0.1:1", "S3_REGION": "x", "S3_BUCKET": "x",
    "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
}  # fmt: skip
DROP_SECONDS: Final = 10.0  # a client that loses connections loses one about as often


def killmail(killmail_id: int) -> dict[str, Any]:
    """A row as killmail-enrich stores it."""
    attackers = [
        {
            "characterId": str(90_000_000 + i), "characterName": f"Pilot {i}", "corporationId": "98000002",
            "corporationName": "Corporation Two", "allianceId": "99000001", "allianceName": "Alliance One",
            "shipTypeId": "587", "shipTypeName": "Rifter", "damageDone": 100 - i, "finalBlow": i == 0,
        }
        for i in range(ATTACKERS)
    ]  # fmt: skip
    return {
        "killmail_id": killmail_id, "killmail_time": datetime.now(UTC), "system_id": 30000001, "system_name": "Tanoo",
        "constellation_id": 20000001, "region_id": 10000001, "region_name": "Derelik", "security_status": 0.86,
        "security_type": "highsec", "ship_type_id": 587, "ship_type_name": "Rifter", "ship_group_id": 25,
        "ship_group_name": "Frigate", "ship_category_id": 6, "victim_character_id": 90000099,
        "victim_character_name": "The Victim", "victim_corp_id": 98000001, "victim_corp_name": "Corporation One",
        "victim_damage_taken": 1000, "attacker_data": json.dumps(attackers), "attacker_count": ATTACKERS,
        "zkb_total_value": "12345678.90", "zkb_points": 3, "zkb_hash": "a" * 40,
        "zkb_url": f"https://zkillboard.com/kill/{killmail_id}/", "npc": False, "solo": False, "awox": False,
        "source": "live", "archive_key": "pack#0+1", "enriched_at": datetime.now(UTC), "enrichment_duration_ms": 7,
    }  # fmt: skip


def insertion(row: Mapping[str, Any]) -> Composed:
    """The statement that stores a row."""
    columns = SQL(", ").join(map(Identifier, row))
    return SQL("INSERT INTO enriched_killmails ({}) VALUES ({})").format(columns, SQL(", ").join(map(Placeholder, row)))


class Client:
    """A raw client: it costs the machine less than a library would."""

    def __init__(self, address: tuple[str, int], drops: random.Random | None) -> None:
        self._address, self._drops = address, drops
        self.received: Counter[int] = Counter()
        self.latencies: list[tuple[int, float]] = []
        self.frames = self.connections = 0
        self.last_id = b""

    async def run(self, ready: asyncio.Semaphore) -> None:
        while True:
            deadline = self._drops.expovariate(1 / DROP_SECONDS) if self._drops else None
            try:
                async with asyncio.timeout(deadline):
                    await self._connect(ready)
            except TimeoutError:
                await asyncio.sleep(0.5)

    async def _connect(self, ready: asyncio.Semaphore) -> None:
        reader, writer = await asyncio.open_connection(*self._address, limit=2**20)
        try:
            self.connections += 1
            resume = b"Last-Event-ID: " + self.last_id + b"\r\n" if self.last_id else b""
            writer.write(f"GET {PATH} HTTP/1.1\r\nHost: bench\r\n".encode() + resume + b"\r\n")
            rest = b""
            while data := await reader.read(2**16):
                rest = self._read(rest + data, ready)
        finally:
            writer.transport.abort()

    def _read(self, text: bytes, ready: asyncio.Semaphore) -> bytes:
        """Count whole events; the rest waits for more."""
        events, found, rest = text.rpartition(b"\n\n")
        if not found:
            return text
        self.frames += 1
        now = time.monotonic()
        if b"event: snapshot" in events:
            ready.release()
        killmail_ids = KILLMAIL.findall(events)
        self.received.update(map(int, killmail_ids))
        if killmail_ids:
            self.latencies.append((int(killmail_ids[-1]), now))
        start = events.rfind(b"\nid: ")
        if start >= 0:
            self.last_id = events[start + 5 :].partition(b"\n")[0]
        return rest


async def run_clients(url: str, count: int, dropping: int) -> None:
    """The process of the clients: tells when all are connected, and at the end what each received."""
    parts = urlsplit(url)
    address = parts.hostname or "", parts.port or 0
    ready = asyncio.Semaphore(0)
    clients = [Client(address, random.Random(i) if i < dropping else None) for i in range(count)]
    tasks: list[asyncio.Task[None]] = []
    for client in clients:
        tasks.append(asyncio.create_task(client.run(ready)))
        await asyncio.sleep(0.002)
    for _ in clients:
        await ready.acquire()
    print("ready", flush=True)
    expected = int(await asyncio.to_thread(sys.stdin.readline))
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while any(len(client.received) < expected for client in clients) and time.monotonic() < deadline:  # noqa: ASYNC110  # polls 1,000
        await asyncio.sleep(0.2)
    for task in tasks:
        task.cancel()
    result = [
        {
            "received": list(client.received.items()),
            "latencies": client.latencies,
            "frames": client.frames,
            "connections": client.connections,
        }
        for client in clients
    ]
    print(json.dumps(result), flush=True)


@contextmanager
def running(folder: Path) -> Generator[tuple[FunctionProcess, str, str]]:
    """killmail-api with its stores; gives the process, the owner's database and Valkey."""
    servers = OwnServers()
    try:
        with Databases(servers) as databases:
            database = databases.clone("battlescope_killmails")
            valkey = servers.valkey("bench")
            settings = {
                "DATABASE_URL": database.url("killmail-api"),
                "REDIS_URL": valkey,
                "ACCESS_MODE": "off",
                "K_SINK": "http://127.0.0.1:9/n/b",  # nobody changes anything here
            } | ARCHIVE
            process = FunctionProcess("killmail_api.main:app", settings, folder / "log")
            try:
                yield process.start().wait_until_ready(), database.owner, valkey
            finally:
                process.close()
    finally:
        servers.close()


async def publish(owner: str, valkey: str, rate: int, seconds: int) -> dict[int, float]:
    """Store killmails and append them to the log as killmail-enrich does; the time of each commit by id."""
    connection = Valkey(valkey, time.monotonic, timeout_seconds=5)
    log, committed = LiveLog(connection), dict[int, float]()
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as database:
        started = time.monotonic()
        for number in range(rate * seconds):
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            row = killmail(FIRST_ID + number)
            await database.execute(insertion(row), row)
            committed[FIRST_ID + number] = time.monotonic()
            await log.append([(LiveKind.KILLMAIL, f'{{"killmailId":"{FIRST_ID + number}"}}')])
    await connection.close()
    return committed


async def measure(arguments: argparse.Namespace, process: FunctionProcess, owner: str, valkey: str) -> dict[str, Any]:
    with psycopg.connect(owner, autocommit=True) as database:
        row = killmail(1)
        database.execute(insertion(row), row)
    server = psutil.Process(process.pid)
    memory_before = server.memory_info().rss
    clients = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve-clients", process.url, str(arguments.clients), str(arguments.dropping),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**30,
    )  # fmt: skip
    assert clients.stdin is not None  # noqa: S101  # pipes
    assert clients.stdout is not None  # noqa: S101  # pipes
    await clients.stdout.readline()
    memory_idle = server.memory_info().rss
    idle_before = sum(server.cpu_times()[:2])
    await asyncio.sleep(5)
    idle = (sum(server.cpu_times()[:2]) - idle_before) / 5
    receiver = psutil.Process(clients.pid)
    receiving_before = sum(receiver.cpu_times()[:2])
    cpu_before, started = sum(server.cpu_times()[:2]), time.monotonic()
    committed = await publish(owner, valkey, arguments.rate, arguments.seconds)
    elapsed, cpu = time.monotonic() - started, sum(server.cpu_times()[:2]) - cpu_before
    receiving = sum(receiver.cpu_times()[:2]) - receiving_before
    memory = server.memory_info().rss
    clients.stdin.write(f"{len(committed)}\n".encode())
    results = json.loads(await clients.stdout.readline())
    await clients.wait()
    missed = sum(len(committed.keys() - dict(result["received"]).keys()) for result in results)
    received = sum(count for result in results for _, count in result["received"])
    latencies = [at - committed[i] for result in results for i, at in result["latencies"] if i in committed]
    return {
        "clients": len(results),
        "killmails": len(committed),
        "killmails_a_second": round(len(committed) / elapsed, 1),
        "missed": missed,
        "received_twice": received - len(committed) * len(results) + missed,
        "reconnects": sum(result["connections"] for result in results) - len(results),
        "seconds_to_client_p50": round(quantile(latencies, 0.5), 3),
        "seconds_to_client_p95": round(quantile(latencies, 0.95), 3),
        "seconds_to_client_max": round(max(latencies), 3),
        "frames_a_second_a_client": round(sum(result["frames"] for result in results) / len(results) / elapsed, 2),
        "server_cores": round(cpu / elapsed, 3),
        "client_process_cores": round(receiving / elapsed, 3),
        "server_cores_idle": round(idle, 3),
        "cpu_ms_a_second_a_client": round(cpu / elapsed / len(results) * 1000, 3),
        "memory_mib_before": round(memory_before / 2**20, 1),
        "memory_mib": round(memory / 2**20, 1),
        "memory_kib_a_client": round((memory_idle - memory_before) / 1024 / len(results), 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    if sys.argv[1:2] == ["--serve-clients"]:
        url, count, dropping = sys.argv[2:]
        asyncio.run(run_clients(url, int(count), int(dropping)))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--dropping", type=int, default=100, help="clients that lose their connection every 10 s or so")
    parser.add_argument("--rate", type=int, default=50, help="killmails a second")
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (process, owner, valkey):
        report("stream", asyncio.run(measure(arguments, process, owner, valkey)))


if __name__ == "__main__":
    main()
