"""Cold starts: from the start of a function's process to its first answers, in pairs with an empty app.

Each start runs exactly the command of local mode with real stores: PostgreSQL, Valkey with a session, SeaweedFS. The
empty app is what functions-framework makes of a function that returns a text, Flask included, under uvicorn with the
same options.

    make bench-cold
    make bench-cold ARGS="--pairs 9 --only killmail-api,battle-cluster"
    make bench-cold ARGS="--imports battle-api"
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil
from harness.report import report
from machine import Machine

from battlescope_local.devtools.project import functions
from battlescope_local.serving.instances import UVICORN_OPTIONS
from battlescope_local.settings import base_environment
from battlescope_local.testing.databases import Databases
from battlescope_local.testing.servers import OwnServers, context_of, contexts
from battlescope_local.testing.sessions import AccountWriter

REPEATS: Final = 5
GOAL: Final = 2.5  # times the empty app, to the first answer
READINESS: Final = "/health/readiness"
REQUEST_PATHS: Final = {
    "account-api": "/api/admin/auth-config",
    "battle-api": "/api/battles?limit=1",
    "ingest-api": "/api/rulesets/current",
    "killmail-api": "/api/killmails/recent?limit=1",
    "search-api": "/api/search/systems?q=jita",
    "web-serve": "/",
}
EVENT_TYPES: Final = {
    "killmail-enrich": "com.battlescope.killmail.ingested.v1",
    "battle-cluster": "com.battlescope.killmail.enriched.v1",
}
EMPTY_FUNCTION: Final = """
async def hello(request):
    return "hello"
"""
EMPTY_APP: Final = """
from pathlib import Path
from functions_framework.aio import create_asgi_app
app = create_asgi_app("hello", str(Path(__file__).parent / "function.py"), "http")
"""


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """What is asked as soon as the function is ready."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds until ready and until the first request was answered, and CPU milliseconds of the process."""

    ready: float
    answered: float
    cpu: float


def start_once(
    command: Sequence[str], environment: Mapping[str, str], request: FirstRequest | None, readiness: str = READINESS
) -> Start:
    """Start the process, ask it, and end it."""
    with tempfile.TemporaryDirectory(prefix="cold-") as folder:
        socket = f"{folder}/socket"
        argv = [socket if i and command[i - 1] == "--uds" else part for i, part in enumerate(command)]
        transport = httpx2.HTTPTransport(uds=socket)
        with httpx2.Client(base_url="http://localhost", transport=transport, timeout=30) as client:
            began = time.perf_counter()
            process = subprocess.Popen(
                argv, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                _wait_until_ready(client, readiness)
                ready = answered = time.perf_counter() - began
                if request is not None:
                    method = "GET" if request.body is None else "POST"
                    answer = client.request(method, request.path, headers=dict(request.headers), content=request.body)
                    answer.raise_for_status()
                    answered = time.perf_counter() - began
            finally:
                process.terminate()
                _, process.returncode, used = os.wait4(process.pid, 0)
    return Start(ready * 1000, answered * 1000, (used.ru_utime + used.ru_stime) * 1000)


def _wait_until_ready(client: httpx2.Client, path: str) -> None:
    for _ in range(5000):
        try:
            if client.get(path).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.002)
    raise TimeoutError("The function did not become ready.")


def cold_starts(machine: Machine) -> dict[str, dict[str, float]]:
    """Milliseconds by function of the running system, medians of five; those that scaled to zero are absent."""
    for name in ("battle-api", "killmail-api"):
        httpx2.get(f"{machine.status()['gateway']}{REQUEST_PATHS[name]}", timeout=30)
    times: dict[str, dict[str, float]] = {}
    for service in machine.status()["services"]:
        with suppress(psutil.NoSuchProcess):  # the function has scaled to zero meanwhile
            if service["pids"]:
                times[service["name"]] = _of_running(service["name"], psutil.Process(service["pids"][0]), machine)
    return times


def _of_running(name: str, process: psutil.Process, machine: Machine) -> dict[str, float]:
    command, environment, request = process.cmdline(), process.environ(), None
    if name in EVENT_TYPES:
        request = _new_event(machine, EVENT_TYPES[name])
    elif name in {"battle-api", "killmail-api"}:  # others ask for more than the mode `off` gives without a token
        request = FirstRequest(REQUEST_PATHS[name])
    starts = [start_once(command, environment, request) for _ in range(REPEATS)]
    medians: dict[str, float] = {"ready": round(statistics.median(start.ready for start in starts))}
    return medians | ({"answered": round(statistics.median(start.answered for start in starts))} if request else {})


def _new_event(machine: Machine, event_type: str) -> FirstRequest:
    """An event from the Broker's log, with a new id so that it counts as not processed."""
    record = machine.latest_event(event_type)
    headers = {name.replace("_", "-", 1): value.decode() for name, value in record.headers}
    return FirstRequest("/", headers | {"ce-id": f"bench-{time.time_ns()}"}, record.value)


def command_of(app: str, server: str = "battlescope_events.server") -> list[str]:
    """The command of local mode; `start_once` chooses the socket."""
    return [sys.executable, "-m", server, app, "--uds", "", *UVICORN_OPTIONS]


class Pairs:
    """Starts of functions and of the empty app in turn, with the stores of one run."""

    def __init__(self, folder: Path, servers: OwnServers, databases: Databases) -> None:
        self._servers, self._databases = servers, databases
        self._base = base_environment(Path(sys.executable).parent)
        (folder / "empty_app.py").write_text(EMPTY_APP)
        (folder / "function.py").write_text(EMPTY_FUNCTION)
        self._empty = {**self._base, "PYTHONPATH": str(folder)}
        self._valkey = servers.valkey("bench")
        self._login = AccountWriter(self._valkey).log_in(roles={"battle-reports": 10}, is_super_admin=True)

    def measure(self, name: str, count: int) -> list[tuple[Start, Start]]:
        """The empty app and the function, as often; one start before them fills the caches of files."""
        environment = self.environment(name)
        command = command_of(f"{name.replace('-', '_')}.main:app")
        request = FirstRequest(REQUEST_PATHS[name], self._login.headers) if name in REQUEST_PATHS else None
        start_once(command, environment, request)
        return [(self._start_empty(), start_once(command, environment, request)) for _ in range(count)]

    def environment(self, name: str) -> dict[str, str]:
        from function_environment import function_environment  # noqa: PLC0415  # of the tests, for this bench alone

        access = {"ACCESS_MODE": "sso", "REDIS_URL": self._valkey, "PUBLIC_ORIGINS": "http://localhost"}
        if not any(name in {spec.owner, *spec.users} for spec in contexts().values()):
            return {**self._base, **access}
        database = self._databases.clone(context_of(name))
        values = function_environment(name, database, self._servers.s3())
        return {**self._base, **values, **access}

    def _start_empty(self) -> Start:
        return start_once(command_of("empty_app:app", "uvicorn"), self._empty, None, "/")


def summary(pairs: Sequence[tuple[Start, Start]]) -> dict[str, Any]:
    """Medians in milliseconds, and ratios of the pairs."""
    return {
        "empty_ms": round(statistics.median(empty.answered for empty, _ in pairs)),
        "ready_ms": round(statistics.median(start.ready for _, start in pairs)),
        "answered_ms": round(statistics.median(start.answered for _, start in pairs)),
        "empty_cpu_ms": round(statistics.median(empty.cpu for empty, _ in pairs)),
        "cpu_ms": round(statistics.median(start.cpu for _, start in pairs)),
        "ratio": round(statistics.median(start.answered / empty.answered for empty, start in pairs), 2),
        "cpu_ratio": round(statistics.median(start.cpu / empty.cpu for empty, start in pairs), 2),
    }


def import_profile(name: str) -> list[tuple[str, float]]:
    """Milliseconds that each package takes of the import of a function, the slowest first."""
    code = ("-X", "importtime", "-c", f"import {name.replace('-', '_')}.main")
    done = subprocess.run([sys.executable, *code], capture_output=True, text=True, check=True)
    used: Counter[str] = Counter()
    for line in done.stderr.splitlines()[1:]:
        own, _, module = line.removeprefix("import time:").split("|")
        used[module.strip().partition(".")[0]] += int(own)
    return [(package, microseconds / 1000) for package, microseconds in used.most_common()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=REPEATS)
    parser.add_argument("--only", help="functions, separated by commas")
    parser.add_argument("--imports", metavar="FUNCTION", help="show what takes the time of one function's import")
    options = parser.parse_args()
    if options.imports:
        for package, milliseconds in import_profile(options.imports)[:30]:
            print(f"{milliseconds:7.1f} ms  {package}")
        return
    names = options.only.split(",") if options.only else [function.name for function in functions()]
    figures: dict[str, Any] = {}
    servers = OwnServers()
    try:
        with tempfile.TemporaryDirectory() as folder, Databases(servers) as databases:
            measured = Pairs(Path(folder), servers, databases)
            for name in names:
                figures[name] = summary(measured.measure(name, options.pairs))
                print(f"{name:16} {figures[name]}", flush=True)
    finally:
        servers.close()
    report("cold", {"goal": GOAL, "load": round(os.getloadavg()[0], 2), "functions": figures})


if __name__ == "__main__":
    main()
