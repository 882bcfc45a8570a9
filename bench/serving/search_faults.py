"""search-api under load while its index is rebuilt and while its engine is killed: are answers wrong or empty?

A real PostgreSQL with real days in it, filled by search-index's own code, which also processes the parts of the
rebuild. search-api is one process under uvicorn without logins. Nothing else changes the index, so that each answer
must be equal to the one before: hits, order, counts and facets. `--rebuild` or `--kill` measures that one alone.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from api import IDLE_TIMEOUT, postmaster
from harness.report import report
from inserts import database, postgres
from pyreqwest.client import Client, ClientBuilder
from real_battles import DAYS, enriched_lines
from rich.console import Console
from search import Objects, index_real_days, search
from search_reading import NO_ANSWER, OK, Request, requests, send

from battlescope_events.catalog import SEARCH_REINDEX_REQUESTED
from battlescope_events.messages import Event
from battlescope_local.testing.processes import FunctionProcess
from battlescope_schemas.search.requests import ReindexRequested

DOWN_SECONDS: Final = 3.0
AROUND_SECONDS: Final = 3.0  # of load before the engine is killed
RECOVERY_LIMIT: Final = 60.0
console: Final = Console(highlight=False)
Answer = tuple[int, Any]  # status and body; without an answer 0 and None


@dataclass
class Load:
    """Asks the same questions over and over, and compares the answers with `expected`."""

    client: Client
    url: str
    expected: dict[str, Any]
    asked: Sequence[Request]
    rate: float
    statuses: Counter[int] = field(default_factory=Counter[int])
    degraded: int = 0
    wrong: int = 0
    empty: int = 0
    last_failure: float = 0.0

    async def during(self, work: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        """The figures of the answers that come while `work` is done."""
        generator = asyncio.create_task(self._generate())
        begun = time.monotonic()
        await work()
        seconds = time.monotonic() - begun
        generator.cancel()
        await asyncio.wait([generator])
        answers = {("none" if status == NO_ANSWER else str(status)): n for status, n in sorted(self.statuses.items())}
        return {
            "seconds": round(seconds, 1),
            "answers": answers,
            "of_which_degraded": self.degraded,
            "wrong": self.wrong,
            "wrongly_empty": self.empty,
        }

    async def _generate(self) -> None:
        loop, tasks, number = asyncio.get_running_loop(), set[asyncio.Task[None]](), 0
        begun = loop.time()
        try:
            while True:
                await asyncio.sleep(max(0.0, begun + number / self.rate - loop.time()))
                task = asyncio.create_task(self._ask(self.asked[number % len(self.asked)]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                number += 1
        finally:
            if tasks:
                await asyncio.wait(set(tasks))

    async def _ask(self, request: Request) -> None:
        status, body = await fetch(self.client, self.url, request)
        self.statuses[status] += 1
        if status != OK:
            self.last_failure = time.monotonic()
        elif body["status"] != "healthy":  # it says itself that battles are missing
            self.degraded += 1
            self.last_failure = time.monotonic()
        elif body != self.expected[key(request)]:
            self.wrong += 1
            self.empty += not has_hits(body) and has_hits(self.expected[key(request)])


async def fetch(client: Client, url: str, request: Request) -> Answer:
    status, body = await send(client, url, request)
    if status == NO_ANSWER:
        return status, None
    content = json.loads(body)
    content.pop("processingTimeMs", None)
    return status, content


def has_hits(body: Any) -> bool:
    return any(isinstance(value, list) and value != [] for value in body.values())


def key(request: Request) -> str:
    return json.dumps(request)


async def expected_answers(client: Client, url: str, asked: Sequence[Request]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for request in asked:
        status, answers[key(request)] = await fetch(client, url, request)
        if status != OK:
            raise AssertionError(f"{request} is answered with {status}")
    return answers


async def rebuild(owner_url: str) -> dict[str, int]:
    """A whole rebuild, part by part as the Broker delivers them; returns its parts and documents."""
    async with search(owner_url, Objects(), 3600) as handlers:
        await handlers.maintenance.request_rebuild()
        broker: Any = handlers.maintenance.broker
        parts = 0
        while broker.messages:
            payload = ReindexRequested.model_validate_json(broker.messages.pop(0).body)
            await handlers.dispatch(Event(SEARCH_REINDEX_REQUESTED, str(parts), "bench", payload, {}))
            await asyncio.sleep(0)
            parts += 1
    with psycopg.connect(owner_url) as connection:
        row = connection.execute("SELECT status, documents_processed FROM reindex_jobs").fetchone()
    assert row is not None  # noqa: S101  # the job
    assert row[0] == "completed"  # noqa: S101  # else nothing was measured
    return {"parts": parts, "documents": row[1]}


class Server:
    """The PostgreSQL of the benchmark, which can be killed and started again."""

    def __init__(self, url: str) -> None:
        self._process = postmaster(url)
        self._command, self._folder = self._process.cmdline(), self._process.cwd()
        self._environment, self._user = self._process.environ(), self._process.uids().real
        self._started: subprocess.Popen[Any] | None = None

    def kill(self) -> None:
        """End it without a chance to write anything."""
        self._process.send_signal(signal.SIGKILL)
        psutil.wait_procs([self._process], timeout=10)

    def start(self) -> None:
        owner: dict[str, Any] = {}
        if os.getuid() != self._user:
            owner = {"user": self._user, "group": self._user, "extra_groups": []}
        self._started = subprocess.Popen(
            self._command, cwd=self._folder, env=self._environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **owner,
        )  # fmt: skip

    def close(self) -> None:
        if self._started is not None:
            self._started.terminate()
            self._started.wait(60)


async def kill_and_recover(server: Server, load: Load) -> dict[str, Any]:
    """Kill the engine under load and start it again; ends when all answers have been right for a while."""
    await asyncio.sleep(AROUND_SECONDS)
    server.kill()
    await asyncio.sleep(DOWN_SECONDS)
    server.start()
    started = time.monotonic()
    while time.monotonic() - started < RECOVERY_LIMIT:
        await asyncio.sleep(0.1)
        if time.monotonic() - max(load.last_failure, started) > AROUND_SECONDS:
            recovered = max(0.0, load.last_failure - started)
            return {"down_seconds": DOWN_SECONDS, "whole_seconds_after_start": round(recovered, 2)}
    raise AssertionError(f"search has not recovered {RECOVERY_LIMIT:.0f} s after its engine was started")


async def measure(url: str, owner_url: str, server: Server, arguments: argparse.Namespace) -> dict[str, Any]:
    asked = [request for of_part in requests(owner_url).values() for request in of_part[:40]]
    figures: dict[str, Any] = {"questions": len(asked), "requests_a_second": arguments.rate}
    builder = ClientBuilder().no_proxy().timeout(timedelta(seconds=30)).pool_idle_timeout(IDLE_TIMEOUT)
    async with builder.build() as client:
        expected = await expected_answers(client, url, asked)
        if not arguments.kill:
            load, done = Load(client, url, expected, asked, arguments.rate), dict[str, Any]()

            async def whole_rebuild() -> None:
                done.update(await rebuild(owner_url))

            figures["rebuild"] = await load.during(whole_rebuild) | done
            console.print("rebuild", figures["rebuild"])
        if not arguments.rebuild:
            load, seen = Load(client, url, expected, asked, arguments.rate), dict[str, Any]()

            async def outage() -> None:
                seen.update(await kill_and_recover(server, load))

            figures["engine_killed"] = await load.during(outage) | seen
            console.print("engine killed", figures["engine_killed"])
    return figures


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        address = stack.enter_context(postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owner_url, battles_url = database(address, "search", "search-index"), database(address, "battles")
        lines = [line for day in arguments.days for line in enriched_lines(day)][: arguments.killmails]
        battles = asyncio.run(index_real_days(owner_url, battles_url, lines))
        console.print(f"{len(lines):,} killmails, {battles:,} changes of battles")
        settings = {
            "DATABASE_URL": owner_url.replace("search-index@", "search-api@"),
            "K_SINK": "http://127.0.0.1:9",
            "ACCESS_MODE": "off",
            "REDIS_URL": "redis://127.0.0.1:9",
        }
        server = Server(owner_url)
        stack.callback(server.close)
        api = FunctionProcess("search_api.main:app", settings, folder / "log").start().wait_until_ready()
        stack.callback(api.close)
        figures = asyncio.run(measure(api.url, owner_url, server, arguments))
    return {"killmails": len(lines), **figures, "load_average": [round(value, 1) for value in os.getloadavg()]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", nargs="*", default=list(DAYS)[:1], help="real days to index")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--killmails", type=int, help="only so many killmails of the days")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--rebuild", action="store_true", help="only the rebuild")
    only.add_argument("--kill", action="store_true", help="only the killed engine")
    report("search-faults", run(parser.parse_args()))


if __name__ == "__main__":
    main()
