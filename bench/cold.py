"""Cold starts: from the start of a function's process to its readiness, and to its first response.

Each start runs exactly the command of local mode in the environment of the running system.
"""

import socket
import statistics
import subprocess
import time
from contextlib import suppress

import httpx2
import psutil
from machine import Machine

REPEATS = 5
REQUEST_PATHS = {"battle-api": "/api/battles?limit=1", "killmail-api": "/api/killmails/recent?limit=1"}
EVENT_TYPES = {
    "killmail-enrich": "com.battlescope.killmail.ingested.v1",
    "battle-cluster": "com.battlescope.killmail.enriched.v1",
}


def cold_starts(machine: Machine) -> dict[str, dict[str, float]]:
    """Milliseconds by function, medians of five; `answered` is absent for functions with slow responses by design."""
    for path in REQUEST_PATHS.values():
        httpx2.get(f"{machine.status()['gateway']}{path}", timeout=30)
    times: dict[str, dict[str, float]] = {}
    for service in machine.status()["services"]:
        with suppress(psutil.NoSuchProcess):  # the function has scaled to zero meanwhile
            if service["pids"]:
                times[service["name"]] = _measure(service["name"], psutil.Process(service["pids"][0]), machine)
    return times


def _measure(name: str, process: psutil.Process, machine: Machine) -> dict[str, float]:
    command, environment = process.cmdline(), process.environ()
    event = _new_event(machine, EVENT_TYPES[name]) if name in EVENT_TYPES else None
    times = [_start_once(name, command, environment, event) for _ in range(REPEATS)]
    medians: dict[str, float] = {"ready": round(statistics.median(ready for ready, _ in times))}
    response_times = [answered for _, answered in times if answered is not None]
    return medians | ({"answered": round(statistics.median(response_times))} if response_times else {})


def _start_once(
    name: str, command: list[str], environment: dict[str, str], event: tuple[dict[str, str], bytes] | None
) -> tuple[float, float | None]:
    port = _free_port()
    command = [str(port) if command[i - 1] == "--port" else part for i, part in enumerate(command)]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment | {"PORT": str(port)}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            _wait_until_ready(client)
            ready = (time.perf_counter() - began) * 1000
            if name in REQUEST_PATHS:
                client.get(REQUEST_PATHS[name]).raise_for_status()
            elif event is not None:
                client.post("/", headers=event[0], content=event[1]).raise_for_status()
            else:
                return ready, None
            return ready, (time.perf_counter() - began) * 1000
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(client: httpx2.Client) -> None:
    for _ in range(5000):
        try:
            if client.get("/health/readiness").is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.002)
    raise TimeoutError("The function did not become ready.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _new_event(machine: Machine, event_type: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an event from the Broker's log, with a new id so that it counts as not processed."""
    record = machine.latest_event(event_type)
    headers = {name.replace("_", "-", 1): value.decode() for name, value in record.headers}
    return headers | {"ce-id": f"bench-{time.time_ns()}"}, record.value
