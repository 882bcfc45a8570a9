"""search-api on four real days: latency of completions and of searches at 100 requests a second, CPU a request.

search-api keeps answers until anything that can be found changes, so each part is measured twice: while the index stays
as it is, and while it changes twenty times a second. The goals are held against the latter.

A real PostgreSQL, filled by search-index's own code, then with the other names of the data and with pilots whose names
are made of words of real ones, up to `--names`. search-api is one process under uvicorn without logins; the load
generator takes a part of the machine.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import quote

import psutil
import psycopg
from api import IDLE_TIMEOUT, postmaster
from flow import cpu_seconds
from harness.report import quantile, report
from inserts import database, postgres
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import RequestError
from real_battles import DAYS, enriched_lines, names
from rich.console import Console
from search import index_real_days

from battlescope_local.testing.processes import FunctionProcess
from battlescope_schemas.search.folding import compact, folded

RATE: Final = 100  # requests a second
CHANGES: Final = 20  # of the index a second, in the part in which no answer is kept for long
SEED: Final = 17
ADDED_ID: Final = 10**12
COPY: Final = """
COPY entities (entity_type, entity_id, entity_name, named_at, folded_name, compact_name, is_searchable, battle_count,
    last_seen_at) FROM STDIN
"""
SAMPLE: Final = """
SELECT entity_name FROM entities WHERE is_searchable AND entity_type = %s AND battle_count > 0
ORDER BY md5(entity_id::text) LIMIT 400
"""
console: Final = Console(highlight=False)
NO_ANSWER: Final = 0
OK: Final = 200
Request = tuple[str, str, Any]  # method, path with the query, body


@dataclass
class Bench:
    url: str
    server: psutil.Process
    postgres: psutil.Process

    def cpu(self) -> float:
        """CPU seconds of search-api and PostgreSQL, whose ended processes count for their parent."""
        return cpu_seconds(self.server, with_children=False) + cpu_seconds(self.postgres, with_children=True)


def add_names(url: str, total: int) -> int:
    """Add searchable names up to `total`: the other real ones, then words of real ones; returns the number of all."""
    chance = random.Random(SEED)
    with psycopg.connect(url, autocommit=True) as connection:
        held = {row[0] for row in connection.execute("SELECT entity_name FROM entities WHERE is_searchable").fetchall()}
        others = sorted(set(names().values()) - held)
        words = sorted({word for name in others for word in name.split() if len(word) > 2})
        while len(held) + len(others) < total:
            others.append(f"{chance.choice(words)} {chance.choice(words)}")
        with connection.cursor().copy(COPY) as copy:
            for number, name in enumerate(others[: max(0, total - len(held))]):
                row = ("character", ADDED_ID + number, name, "2021-11-30", folded(name), compact(name), True, 1)
                copy.write_row((*row, "2021-11-30"))
        connection.execute("VACUUM ANALYZE")
        (count,) = connection.execute("SELECT count(*) FROM entities WHERE is_searchable").fetchone() or (0,)
    return count


def requests(url: str) -> dict[str, list[Request]]:
    """What each part of the measurement asks for, drawn from the names of real battles."""
    chance = random.Random(SEED)
    with psycopg.connect(url) as connection:
        of_kind = {
            kind: [row[0] for row in connection.execute(SAMPLE, (kind,)).fetchall()]
            for kind in ("alliance", "corporation", "character", "system")
        }
    people = [name for kind in ("alliance", "corporation", "character") for name in of_kind[kind]]
    typed = [_typed(chance, name) for name in chance.sample(people, 300)]
    systems = [_typed(chance, name) for name in chance.sample(of_kind["system"], 100)]
    battles = chance.sample(of_kind["alliance"] + of_kind["system"] + of_kind["character"][:50], 150)
    return {
        "entities": [("GET", f"/api/search/entities?q={quote(q, safe='')}", None) for q in typed],
        "systems": [("GET", f"/api/search/systems?q={quote(q, safe='')}", None) for q in systems],
        "global": [("GET", f"/api/search/global?q={quote(q, safe='')}", None) for q in typed[:150]],
        "battles": [("POST", "/api/search/battles", body) for body in _battle_bodies(chance, battles)],
        "killmails": [("POST", "/api/search/killmails", {"query": name}) for name in battles[:100]],
    }


def _typed(chance: random.Random, name: str) -> str:
    """What somebody has typed of a name so far, one time in four with a wrong letter."""
    typed = name[: chance.randint(2, max(2, len(name)))].strip()
    if len(typed) > 4 and chance.random() < 0.25:
        place = chance.randrange(1, len(typed))
        typed = typed[:place] + chance.choice("abcdefghijklmnopqrstuvwxyz") + typed[place + 1 :]
    return typed if len(typed) > 1 else name


def _battle_bodies(chance: random.Random, queries: Sequence[str]) -> list[Any]:
    """Searches as pages make them: by a name, by filters, and by both."""
    filters: list[Any] = [
        {},
        {"securityType": ["nullsec"]},
        {"totalKills": {"min": 10}},
        {"totalIskDestroyed": {"min": "1000000000"}, "tier": ["battle", "major"]},
        {"startTime": {"after": "2021-11-29T00:00:00Z"}},
    ]
    by_name = [{"query": query, "filters": chance.choice(filters)} for query in queries]
    return by_name + [{"filters": chosen, "page": {"offset": 20 * page}} for chosen in filters for page in range(5)]


async def send(client: Client, url: str, request: Request) -> tuple[int, bytes]:
    """Status and body; `NO_ANSWER` and nothing where the connection fails."""
    method, path, body = request
    try:
        if method == "GET":
            response = await client.get(url + path).build().send()
        else:
            sent = client.post(url + path).header("content-type", "application/json").body_text(json.dumps(body))
            response = await sent.build().send()
        return response.status, bytes(await response.bytes())
    except RequestError:
        return NO_ANSWER, b""


async def fetch(client: Client, url: str, request: Request) -> bool:
    """Whether the answer is as it should be."""
    status, _ = await send(client, url, request)
    return status == OK


async def open_loop(bench: Bench, client: Client, asked: Sequence[Request], seconds: float) -> dict[str, Any]:
    """`RATE` requests a second, whether earlier ones are done or not."""
    loop, chooser, cpu = asyncio.get_running_loop(), random.Random(SEED), bench.cpu()
    times: list[float] = []
    failed = 0

    async def ask(request: Request) -> None:
        nonlocal failed
        begun = loop.time()
        failed += not await fetch(client, bench.url, request)
        times.append((loop.time() - begun) * 1000)

    begun, tasks = loop.time(), list[asyncio.Task[None]]()
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, begun + number / RATE - loop.time()))
        tasks.append(asyncio.create_task(ask(chooser.choice(asked))))
    await asyncio.gather(*tasks)
    return {
        "achieved_a_second": round(len(times) / (loop.time() - begun), 1),
        "failed": failed,
        **{f"p{share}_ms": round(quantile(times, share / 100), 1) for share in (50, 95, 99)},
        "cpu_ms": round((bench.cpu() - cpu) / len(times) * 1000, 2),
    }


async def alone(bench: Bench, client: Client, asked: Sequence[Request]) -> dict[str, float]:
    """Milliseconds of requests one after the other, none of which was asked before, and their CPU."""
    times: list[float] = []
    cpu = bench.cpu()
    for request in asked:
        begun = time.perf_counter()
        if not await fetch(client, bench.url, request):
            raise AssertionError(f"{request} failed")
        times.append((time.perf_counter() - begun) * 1000)
    return {
        "median_ms": round(median(times), 1),
        "p95_ms": round(quantile(times, 0.95), 1),
        "cpu_ms": round((bench.cpu() - cpu) / len(times) * 1000, 2),
    }


@asynccontextmanager
async def changing_index(url: str) -> AsyncGenerator[None]:
    """Every kept answer is out of date `CHANGES` times a second, as while much is indexed."""

    async def change(connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await connection.execute("NOTIFY search_changes, '*'")
            await asyncio.sleep(1 / CHANGES)

    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        task = asyncio.create_task(change(connection))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def measure(bench: Bench, owner_url: str, asked: dict[str, list[Request]], seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = {"alone": {}, "at_100_a_second": {}, "at_100_a_second_while_it_changes": {}}
    builder = ClientBuilder().no_proxy().timeout(timedelta(seconds=60)).pool_idle_timeout(IDLE_TIMEOUT)
    async with builder.build() as client:
        for part, of_part in asked.items():
            figures["alone"][part] = await alone(bench, client, of_part)
        for part, of_part in asked.items():
            figures["at_100_a_second"][part] = await open_loop(bench, client, of_part, seconds)
            async with changing_index(owner_url):
                changing = await open_loop(bench, client, of_part, seconds)
            figures["at_100_a_second_while_it_changes"][part] = changing
            console.print(part, figures["alone"][part], figures["at_100_a_second"][part], changing)
    return figures


def verdicts(figures: dict[str, Any]) -> dict[str, str]:
    """Each goal of the requirements with its figure where answers are hardly kept."""
    at_rate = figures["at_100_a_second_while_it_changes"]
    goals = {"entities": 20.0, "systems": 20.0, "battles": 50.0}
    return {
        f"p95 of {part} at {RATE} requests/s below {goal:.0f} ms": (
            f"{at_rate[part]['p95_ms']}: {'met' if at_rate[part]['p95_ms'] < goal else 'MISSED'}"
        )
        for part, goal in goals.items()
    }


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        address = stack.enter_context(postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owner_url, battles_url = database(address, "search", "search-index"), database(address, "battles")
        begun = time.perf_counter()
        lines = [line for day in arguments.days for line in enriched_lines(day)]
        battles = await index_real_days(owner_url, battles_url, lines)
        count = add_names(owner_url, arguments.names)
        console.print(f"{battles:,} changes of battles and {count:,} names in {time.perf_counter() - begun:.0f} s")
        settings = {
            "DATABASE_URL": owner_url.replace("search-index@", "search-api@"),
            "K_SINK": "http://127.0.0.1:9",
            "ACCESS_MODE": "off",
            "REDIS_URL": "redis://127.0.0.1:9",
        }
        api = FunctionProcess("search_api.main:app", settings, folder / "log").start().wait_until_ready()
        try:
            bench = Bench(api.url, psutil.Process(api.pid), postmaster(owner_url))
            figures: dict[str, Any] = {"names": count, "killmails": len(lines)}
            figures |= await measure(bench, owner_url, requests(owner_url), arguments.seconds)
            figures["goals"] = verdicts(figures)
            console.print(figures["goals"])
            return figures | {"load_average": [round(value, 1) for value in os.getloadavg()]}
        finally:
            api.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", nargs="*", default=list(DAYS), help="real days to index")
    parser.add_argument("--names", type=int, default=100_000, help="searchable names")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement under load")
    report("search-reading", asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
