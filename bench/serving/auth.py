"""What the guard costs and how fast it is: latency at 500 requests a second, CPU a request, ends of streams, outages.

Everything runs against a Valkey of its own; absolute times depend on what else the machine does (see the load average).
"""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import uuid4

import psutil
from asgi_connection import connected
from fastapi.requests import HTTPConnection
from harness.report import quantile, report
from small_api import Dependencies, make_app

from battlescope_events.access.account_changes import subscription
from battlescope_events.access.composition import TIMEOUT_SECONDS
from battlescope_events.access.denials import DenialRecorder
from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.access.rate_limits import RateLimiter
from battlescope_events.access.session_guard import SessionGuard
from battlescope_events.access.sessions import Sessions
from battlescope_events.access.stream_slots import StreamSlots
from battlescope_events.edge.limits import MAX_STREAMS, Limit
from battlescope_events.edge.origins import OriginPolicy, origin_policy
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import Right, Role
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.valkey.connection import Valkey
from battlescope_local.processes.children import Processes
from battlescope_local.stores import valkey
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess
from battlescope_local.testing.sessions import AccountWriter, Login

RATE: Final = 500  # requests a second
SESSIONS: Final = 1000
ORIGIN: Final = "https://battlescope.example"
RIGHT: Final = Right("sample", Role.USER, limit=Limit("bench", 10_000_000))
PATH: Final = "/api/sample/note"


@dataclass
class Bench:
    url: str
    server: SupervisedProcess
    accounts: AccountWriter
    logins: list[Login]

    @asynccontextmanager
    async def guard(self, *, subscribed: bool = True) -> AsyncGenerator[tuple[SessionGuard, Sessions]]:
        connection = Valkey(self.url, time.monotonic, retry_seconds=0.0, timeout_seconds=TIMEOUT_SECONDS)
        sessions = Sessions(connection, now, time.monotonic)
        limits = RateLimiter(connection, time.monotonic)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(connection.close)
            if subscribed:
                await stack.enter_async_context(subscription(self.url, sessions))
                await until(lambda: sessions.is_subscribed)
            streams, origins = StreamSlots(connection, uuid4), origin_policy([ORIGIN])
            denials = DenialRecorder(RecordingPublisher(), "bench", now=now, monotonic=time.monotonic, new_id=uuid4)
            yield SessionGuard(sessions, limits, streams, origins, denials, now=now, trusted_hops=1), sessions


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # the measurement watches from outside
        await asyncio.sleep(0.001)


def now() -> datetime:
    return datetime.now(UTC)


def request_of(login: Login) -> HTTPConnection:
    headers = [(name.encode(), value.encode()) for name, value in login.headers.items()]
    return HTTPConnection({"type": "http", "headers": headers, "client": ("192.0.2.1", 1)})


async def latency(guard: SessionGuard, logins: list[Login], seconds: float) -> dict[str, float]:
    """Milliseconds of a validation while `RATE` of them begin each second, whether earlier ones are done or not."""
    loop, times, tasks = asyncio.get_running_loop(), list[float](), list[asyncio.Task[None]]()

    async def validate(login: Login) -> None:
        nonlocal refused
        begun = loop.time()
        try:
            await guard.check(RIGHT, request_of(login))
        except ApiError:  # only 503 is possible: this machine is too busy
            refused += 1
        times.append((loop.time() - begun) * 1000)

    refused, begin = 0, loop.time()
    for number in range(int(seconds * RATE)):
        due = begin + number / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))
        tasks.append(asyncio.create_task(validate(logins[number % len(logins)])))
    await asyncio.gather(*tasks)
    achieved = len(times) / (loop.time() - begin)
    return {
        **{f"p{share}": round(quantile(times, share / 100), 2) for share in (50, 95, 99)},
        "achieved_a_second": round(achieved),
        "unavailable": refused,
    }


async def call(app: Any, login: Login) -> int:
    """One request to the app inside this process, without any client library in the measurement."""
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    headers = [(name.encode(), value.encode()) for name, value in login.headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "method": "GET", "path": PATH,
        "raw_path": PATH.encode(), "query_string": b"", "headers": headers, "client": ("192.0.2.1", 1),
        "server": ("x", 80), "root_path": "", "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    await app(scope, receive, send)
    return status


async def cpu_of(app: Any, logins: list[Login], server: psutil.Process) -> tuple[float, float]:
    """CPU milliseconds a request: of the function, and of Valkey."""
    before, valkey_before = time.process_time(), sum(server.cpu_times()[:2])
    for login in logins:
        status = await call(app, login)
        if status != HTTPStatus.OK:
            raise AssertionError(status)
    own, other = time.process_time() - before, sum(server.cpu_times()[:2]) - valkey_before
    return own / len(logins) * 1000, other / len(logins) * 1000


async def overhead(bench: Bench, rounds: int) -> dict[str, float]:
    """CPU a request with the guard and without, in alternating rounds; each account stays below its limit."""
    server = psutil.Process(bench.server.child.pid if bench.server.child else 0)
    without = make_app(Dependencies(guard=OwnerGuard(None, OriginPolicy())))
    differences, bare, on_valkey = list[float](), list[float](), list[float]()
    async with bench.guard() as (guard, _):
        app = make_app(Dependencies(guard=guard))
        await cpu_of(app, bench.logins, server)
        await cpu_of(without, bench.logins, server)
        for _ in range(rounds):
            plain, _none = await cpu_of(without, bench.logins, server)
            guarded, valkey_cpu = await cpu_of(app, bench.logins, server)
            bare.append(plain)
            differences.append(guarded - plain)
            on_valkey.append(valkey_cpu)
    return {
        "without_ms": round(median(bare), 3),
        "guard_adds_ms": round(median(differences), 3),
        "guard_adds_at_valkey_ms": round(median(on_valkey), 3),
    }


async def stream_ends(bench: Bench, streams: int) -> dict[str, float]:
    """Seconds from changes of accounts at once until all their streams have ended; each has as many as it may."""
    async with bench.guard() as (guard, _), AsyncExitStack() as stack:
        app = make_app(Dependencies(guard=guard))
        logins = [bench.accounts.log_in(roles={"sample": 10}) for _ in range(streams // MAX_STREAMS)]
        connections = [
            await stack.enter_async_context(
                connected(app, "websocket", "/api/sample/socket", {**login.headers, "origin": ORIGIN})
            )
            for login in logins
            for _ in range(MAX_STREAMS)
        ]
        for connection in connections:
            await connection.next("websocket.accept")
        begin = time.monotonic()
        for login in logins:
            bench.accounts.change(login, is_blocked=True)
        ends = list[float]()
        for connection in connections:
            await connection.next("websocket.close")
            ends.append(time.monotonic() - begin)
        return {"streams": streams, "first_s": round(min(ends), 3), "last_s": round(max(ends), 3)}


async def outage(bench: Bench) -> dict[str, Any]:
    """Valkey is killed and comes back with its data: what callers get meanwhile, and how long it takes."""
    known, unknown = bench.logins[:2]

    async def status(check: Callable[[], Awaitable[object]]) -> str:
        try:
            await check()
        except ApiError as error:
            return error.error
        return "let through"

    async with bench.guard() as (guard, sessions):
        await guard.check(RIGHT, request_of(known))
        child = bench.server.child
        os.kill(child.pid if child else 0, signal.SIGKILL)
        begin = time.monotonic()
        await until(lambda: not sessions.is_subscribed)
        noticed = time.monotonic() - begin
        kept = await status(lambda: guard.check(RIGHT, request_of(known)))
        fresh = await status(lambda: guard.check(RIGHT, request_of(unknown)))
        answers: set[str] = set()
        while (answer := await status(lambda: guard.check(RIGHT, request_of(unknown)))) != "let through":
            answers.add(answer)
            await asyncio.sleep(0.02)
        back = time.monotonic() - begin
        await until(lambda: sessions.is_subscribed)
        subscribed = time.monotonic() - begin
        return {
            "noticed_s": round(noticed, 3),
            "kept_session": kept,
            "other_session": fresh,
            "answers_until_back": sorted(answers | {fresh}),
            "sessions_back_s": round(back, 2),
            "subscription_back_s": round(subscribed, 2),
        }


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state_file = StateFile(folder / "secrets.json")
        processes = Processes(folder / "run", folder / "logs")
        url, server = valkey.prepare_server(folder / "valkey", processes, Ports(state_file), state_file)
        supervision = await server.start()
        try:
            accounts = AccountWriter(url)
            logins = [accounts.log_in(roles={"sample": 10}) for _ in range(SESSIONS)]
            bench = Bench(url, server, accounts, logins)
            figures: dict[str, Any] = {"load_average": [round(value, 1) for value in os.getloadavg()]}
            async with bench.guard() as (guard, _):
                await latency(guard, logins, 2)  # sessions are kept from here on
                runs = [await latency(guard, logins, arguments.seconds) for _ in range(5)]
                figures["validation_ms_at_500_a_second"] = {key: median(run[key] for run in runs) for key in runs[0]}
            async with bench.guard(subscribed=False) as (guard, _):
                runs = [await latency(guard, logins, arguments.seconds) for _ in range(3)]
                figures["validation_ms_when_nothing_is_kept"] = {
                    key: median(run[key] for run in runs) for key in runs[0]
                }
            figures["cpu_a_request"] = await overhead(bench, arguments.rounds)
            figures["ends_of_streams"] = await stream_ends(bench, 200)
            figures["outage"] = await outage(bench)
            return figures
        finally:
            supervision.cancel()
            await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each run at 500 requests a second")
    parser.add_argument("--rounds", type=int, default=15, help="pairs with and without the guard")
    report("auth", asyncio.run(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
