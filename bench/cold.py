"""Cold starts: from the start of a function's process to its readiness, and to its first answer.

Each start repeats, in the environment of the running system, exactly the command that local mode starts.
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
QUESTIONS = {"battle-api": "/api/battles?limit=1", "killmail-api": "/api/killmails/recent?limit=1"}
HEARD = {
    "killmail-enrich": "com.battlescope.killmail.ingested.v1",
    "battle-cluster": "com.battlescope.killmail.enriched.v1",
}


def cold_starts(machine: Machine) -> dict[str, dict[str, float]]:
    """Milliseconds by function, medians of five; `answered` is missing where an answer takes its time by design."""
    for path in QUESTIONS.values():
        httpx2.get(f"{machine.status()['gateway']}{path}", timeout=30)
    found: dict[str, dict[str, float]] = {}
    for service in machine.status()["services"]:
        with suppress(psutil.NoSuchProcess):  # it went to zero since
            if service["pids"]:
                found[service["name"]] = _measure(service["name"], psutil.Process(service["pids"][0]), machine)
    return found


def _measure(name: str, process: psutil.Process, machine: Machine) -> dict[str, float]:
    command, environment = process.cmdline(), process.environ()
    event = _an_event(machine, HEARD[name]) if name in HEARD else None
    times = [_once(name, command, environment, event) for _ in range(REPEATS)]
    told: dict[str, float] = {"ready": round(statistics.median(ready for ready, _ in times))}
    answers = [answered for _, answered in times if answered is not None]
    return told | ({"answered": round(statistics.median(answers))} if answers else {})


def _once(
    name: str, command: list[str], environment: dict[str, str], event: tuple[dict[str, str], bytes] | None
) -> tuple[float, float | None]:
    port = _free_port()
    command = [str(port) if command[i - 1] == "--port" else part for i, part in enumerate(command)]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment | {"PORT": str(port)}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            _until_ready(client)
            ready = (time.perf_counter() - began) * 1000
            if name in QUESTIONS:
                client.get(QUESTIONS[name]).raise_for_status()
            elif event is not None:
                client.post("/", headers=event[0], content=event[1]).raise_for_status()
            else:
                return ready, None
            return ready, (time.perf_counter() - began) * 1000
        finally:
            process.terminate()
            process.wait()


def _until_ready(client: httpx2.Client) -> None:
    for _ in range(5000):
        try:
            if client.get("/health/readiness").is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.002)
    raise TimeoutError("The function never became ready.")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _an_event(machine: Machine, kind: str) -> tuple[dict[str, str], bytes]:
    """An event of this type that went through the Broker, under an id that nobody has handled."""
    record = machine.recorded(kind)
    headers = {name.replace("_", "-", 1): value.decode() for name, value in record.headers}
    return headers | {"ce-id": f"bench-{time.time_ns()}"}, record.value
