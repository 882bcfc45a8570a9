"""battle-api and killmail-api on real days: rates, latency of a mix at 200 requests a second, CPU a request, sizes.

A real PostgreSQL and Valkey; each function is one process under uvicorn. battle-api has four days, killmail-api the
last one of them. The load generator is pyreqwest in this process,
so that it takes a part of the machine: absolute rates depend on the number of cores and on the load average, which is
reported. "uncached" asks for a battle whose revision has just risen, as it does when battle-cluster changes it.
"""

import argparse
import asyncio
import http.client
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit

import psutil
import psycopg
from flow import cpu_seconds
from harness.report import quantile, report
from inserts import database, postgres
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import RequestError
from real_battles import DAYS, load, load_killmails
from rich.console import Console

from battlescope_local.processes.children import Processes
from battlescope_local.stores import valkey
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.testing.processes import FunctionProcess

RATE: Final = 200  # requests a second
CLIENTS: Final = 16
IDLE_TIMEOUT: Final = timedelta(seconds=4)  # uvicorn closes an idle connection after 5 s
MIX: Final = {"list": 60, "killmail": 25, "timeline": 10, "detail": 5}  # percent
LARGEST: Final[LiteralString] = (
    "SELECT id::text FROM battles WHERE deleted_at IS NULL ORDER BY total_kills DESC LIMIT 200"
)
BUMP: Final[LiteralString] = "UPDATE battles SET revision = revision + 1, updated_at = now() WHERE id = %(id)s::uuid"
COMMON_SETTINGS: Final = {
    "K_SINK": "http://127.0.0.1:9/battlescope/battles",
    "ACCESS_MODE": "off",
    # The archive, which no request of the mix reads.
    "S3_ENDPOINT_URL": "http://127.0.0.1:9",
    "S3_REGION": "none",
    "S3_BUCKET": "none",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}
console: Final = Console(highlight=False)


@dataclass
class Bench:
    battles_url: str
    killmails_url: str
    database_url: str
    battle_ids: Sequence[str]
    killmail_ids: Sequence[str]
    servers: Sequence[psutil.Process]
    postgres: psutil.Process

    def addresses(self) -> dict[str, list[str]]:
        """What each part asks for; the detail is always that of the largest battle, "killmail" is of killmail-api."""
        killmails = [f"{self.killmails_url}/api/killmails/{killmail}" for killmail in self.killmail_ids[-500:]]
        of_battles = {part: [self.battles_url + path for path in paths] for part, paths in self._paths().items()}
        return of_battles | {"killmail": killmails}

    def _paths(self) -> dict[str, list[str]]:
        regions = [10_000_002, 10_000_014, 10_000_060, 10_000_069, 10_000_033]
        lists = [
            "/api/battles",
            "/api/battles?limit=50",
            "/api/battles?sort_by=isk_destroyed",
            "/api/battles?min_kills=10",
        ]
        return {
            "list": lists + [f"/api/battles?region_id={region}" for region in regions],
            "killmails": [f"/api/battles/{battle}/killmails?limit=50" for battle in self.battle_ids[:100]],
            "timeline": [f"/api/battles/{battle}/timeline" for battle in self.battle_ids[:50]],
            "detail": [f"/api/battles/{self.battle_ids[0]}"],
        }

    def bump(self, battle_id: str) -> None:
        with psycopg.connect(self.database_url, autocommit=True) as admin:
            admin.execute(BUMP, {"id": battle_id})

    def cpu(self) -> float:
        """CPU seconds of the functions and PostgreSQL, whose ended processes count for their parent."""
        return self.server_cpu() + cpu_seconds(self.postgres, with_children=True)

    def server_cpu(self) -> float:
        return sum(sum(server.cpu_times()[:2]) for server in self.servers)


def postmaster(url: str) -> psutil.Process:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        return psutil.Process(psutil.Process(row[0] if row else 0).ppid())


def get(url: str, coding: str = "br") -> tuple[int, bytes]:
    """Status and body as sent, of a request that accepts a coding; browsers accept brotli."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", parts._replace(scheme="", netloc="").geturl(), headers={"accept-encoding": coding})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def sizes(bench: Bench) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, addresses in bench.addresses().items():
        status, body = get(addresses[0])
        if status != http.client.OK:
            raise AssertionError(f"{addresses[0]} answers {status}: {body[:200]!r}")
        plain, zipped = (get(addresses[0], coding)[1] for coding in ("identity", "gzip"))
        figures[name] = {"bytes": len(plain), "br_bytes": len(body), "gzip_bytes": len(zipped)}
    return figures


def alone(bench: Bench, rounds: int) -> dict[str, Any]:
    """Milliseconds of single requests, one at a time: after a change of the battle, and repeated without one."""
    figures: dict[str, Any] = {}
    for name, addresses in bench.addresses().items():
        times: dict[str, list[float]] = {"uncached": [], "cached": []}
        for _ in range(rounds):
            bench.bump(bench.battle_ids[0])
            time.sleep(0.02)
            for values in times.values():
                begun = time.perf_counter()
                get(addresses[0])
                values.append((time.perf_counter() - begun) * 1000)
        figures[name] = {kind: round(median(values), 1) for kind, values in times.items()}
    return figures


async def closed_loop(bench: Bench, client: Client, addresses: Sequence[str], seconds: float) -> dict[str, float]:
    """Requests a second of `CLIENTS` clients that each send the next request after an answer, and CPU a request."""
    count, failed, end, cpu = 0, 0, time.perf_counter() + seconds, bench.cpu()
    servers, generator = bench.server_cpu(), time.process_time()

    async def run(number: int) -> None:
        nonlocal count, failed
        position = number
        while time.perf_counter() < end:
            failed += not await fetch(client, addresses[position % len(addresses)])
            position += CLIENTS
            count += 1

    begun = time.perf_counter()
    await asyncio.gather(*(run(number) for number in range(CLIENTS)))
    elapsed = time.perf_counter() - begun
    return {
        "a_second": round(count / elapsed, 1),
        "cpu_ms": round((bench.cpu() - cpu) / count * 1000, 2),
        "failed": failed,
        # What bounds the rate: a process that uses a whole core, or all together all cores of the machine.
        "functions_cores": round((bench.server_cpu() - servers) / elapsed, 2),
        "generator_cores": round((time.process_time() - generator) / elapsed, 2),
    }


async def fetch(client: Client, url: str) -> bool:
    """Whether the answer was 200; an overloaded function answers 503, or not at all."""
    try:
        response = await client.get(url).header("accept-encoding", "br").build().send()
        await response.bytes()
    except RequestError:
        return False
    return response.status == http.client.OK


async def open_loop(bench: Bench, client: Client, seconds: float) -> dict[str, Any]:
    """The mix at `RATE` requests a second, whether earlier ones are done or not."""
    loop, chooser, cpu = asyncio.get_running_loop(), random.Random(17), bench.cpu()
    parts, addresses = list(MIX), bench.addresses()
    times: dict[str, list[float]] = {part: [] for part in parts}
    failed = 0

    async def request(part: str, address: str) -> None:
        nonlocal failed
        begun = loop.time()
        failed += not await fetch(client, address)
        times[part].append((loop.time() - begun) * 1000)

    begun, tasks = loop.time(), list[asyncio.Task[None]]()
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, begun + number / RATE - loop.time()))
        part = chooser.choices(parts, weights=list(MIX.values()))[0]
        tasks.append(asyncio.create_task(request(part, chooser.choice(addresses[part]))))
    await asyncio.gather(*tasks)
    every = [value for values in times.values() for value in values]
    elapsed = loop.time() - begun
    return {
        "achieved_a_second": round(len(every) / elapsed, 1),
        "failed": failed,
        **{f"p{share}_ms": round(quantile(every, share / 100), 1) for share in (50, 95, 99)},
        **{f"{part}_p95_ms": round(quantile(values, 0.95), 1) for part, values in times.items()},
        "cpu_ms": round((bench.cpu() - cpu) / len(every) * 1000, 2),
    }


async def measure(bench: Bench, seconds: float) -> dict[str, Any]:
    builder = ClientBuilder().no_proxy().timeout(timedelta(seconds=60)).pool_idle_timeout(IDLE_TIMEOUT)
    async with builder.build() as client:
        figures: dict[str, Any] = {"closed_loop": {}}
        for name, addresses in bench.addresses().items():
            await closed_loop(bench, client, addresses, 1.0)
            figures["closed_loop"][name] = await closed_loop(bench, client, addresses, seconds)
            console.print(name, figures["closed_loop"][name])
        # Of what battle-api keeps; killmail-api keeps no answers.
        kept = {part: share for part, share in (MIX | {"killmails": MIX["killmail"]}).items() if part != "killmail"}
        cached = [address for part, share in kept.items() for address in bench.addresses()[part][:1] * share]
        random.Random(17).shuffle(cached)
        await closed_loop(bench, client, cached, 1.0)
        figures["cached_mix"] = await closed_loop(bench, client, cached, seconds)
        console.print("cached mix", figures["cached_mix"])
        figures["mix"] = await open_loop(bench, client, 2 * seconds)
        console.print("mix", figures["mix"])
    return figures


def verdicts(figures: dict[str, Any]) -> dict[str, str]:
    """Each goal of the requirements with its figure."""
    slowest = max(times["uncached"] for times in figures["alone_ms"].values())
    goals = {
        "p95 of the mix at 200 requests/s below 50 ms": (figures["mix"]["p95_ms"], figures["mix"]["p95_ms"] < 50),
        "each uncached answer alone below 200 ms": (slowest, slowest < 200),
        "2,000 cached requests/s": (figures["cached_mix"]["a_second"], figures["cached_mix"]["a_second"] >= 2000),
        "largest detail at most 300,000 bytes": (
            figures["sizes"]["detail"]["br_bytes"],
            figures["sizes"]["detail"]["br_bytes"] <= 300_000,
        ),
    }
    return {goal: f"{figure}: {'met' if is_met else 'MISSED'}" for goal, (figure, is_met) in goals.items()}


async def with_valkey(folder: Path, use: Callable[[str], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """What `use` returns while a Valkey runs, whose URL it gets."""
    state_file = StateFile(folder / "secrets.json")
    processes = Processes(folder / "run", folder / "logs")
    url, server = valkey.prepare_server(folder / "valkey", processes, Ports(state_file), state_file)
    supervision = await server.start()
    try:
        return await use(url)
    finally:
        supervision.cancel()
        await server.stop()


@contextmanager
def functions(settings: Mapping[str, Mapping[str, str]], folder: Path) -> Generator[list[FunctionProcess]]:
    """Each function of these as a process with its settings."""
    with ExitStack() as stack:
        processes: list[FunctionProcess] = []
        for name, own in settings.items():
            process = FunctionProcess(f"{name}.main:app", {**COMMON_SETTINGS, **own}, folder / f"{name}.log")
            stack.callback(process.close)
            processes.append(process.start().wait_until_ready())
        yield processes


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        address = stack.enter_context(postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        battles_url, killmails_url = database(address, "battles"), database(address, "killmails", "killmail-enrich")
        begun = time.perf_counter()
        count = await load(battles_url, tuple(arguments.days))
        killmail_ids = await load_killmails(killmails_url, arguments.days[-1])
        for url in (battles_url, killmails_url):
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute("VACUUM ANALYZE")
        with psycopg.connect(battles_url, autocommit=True) as admin:
            battle_ids = [row[0] for row in admin.execute(LARGEST).fetchall()]
        console.print(f"{count:,} killmails in {time.perf_counter() - begun:.0f} s")

        async def with_apis(redis_url: str) -> dict[str, Any]:
            databases = {
                "battle_api": battles_url.replace("battle-cluster@", "battle-api@"),
                "killmail_api": killmails_url.replace("killmail-enrich@", "killmail-api@"),
            }
            settings = {name: {"DATABASE_URL": url, "REDIS_URL": redis_url} for name, url in databases.items()}
            with functions(settings, folder) as (battle_api, killmail_api):
                bench = Bench(
                    battles_url=battle_api.url,
                    killmails_url=killmail_api.url,
                    database_url=battles_url,
                    battle_ids=battle_ids,
                    killmail_ids=killmail_ids,
                    servers=[psutil.Process(process.pid) for process in (battle_api, killmail_api)],
                    postgres=postmaster(battles_url),
                )
                figures: dict[str, Any] = {"killmails": count, "sizes": sizes(bench)}
                figures["alone_ms"] = alone(bench, arguments.rounds)
                console.print(figures)
                figures |= await measure(bench, arguments.seconds)
                figures["goals"] = verdicts(figures)
                console.print(figures["goals"])
                return figures | {"load_average": [round(value, 1) for value in os.getloadavg()]}

        return await with_valkey(folder, with_apis)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", nargs="*", default=list(DAYS), help="real days to load")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5, help="single requests of each kind")
    report("api", asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
