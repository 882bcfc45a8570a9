"""The whole flow from feed to API: throughput, latency, CPU by function, cold starts, idle memory.

All parts run the system as users run it: the manifests, real stores, real processes, no manual warm-up.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil
from cold import cold_starts
from harness import command_line
from harness.command_line import running
from harness.report import figure_table, quantile, report
from machine import BATTLES, Machine, replay_arguments, upstream, upstream_killmail_count, wait_until_finished
from rich.console import Console
from rich.table import Table
from soak import DAY

from battlescope_local.arguments import ArgumentParser, existing_file, positive

console = Console(highlight=False)
IDLE_SECONDS = 15
"""Before the first killmail: the system starts, and all functions but ingest-poll have no instance."""
STARTING_SECONDS = 10
"""After the first killmail of a system without instances: latency from zero until then, warm latency afterwards."""
SHORTEST_FEED = STARTING_SECONDS + 5
"""Seconds of a feed whose last killmails come to a warm system, so that both latencies have values."""
STATES: Final = ("from_zero", "warm")


class CpuSampler(threading.Thread):
    """Sums the CPU seconds of all processes by function, store and node, without those of its own questions.

    The node reads the memory of every process for its status: a tenth of a second, which was most of its CPU.
    """

    def __init__(self, machine: Machine) -> None:
        super().__init__(daemon=True)
        self._machine, self._seconds = machine, dict[tuple[str, int], float]()
        self.stop_requested = threading.Event()
        self.memory: list[float] = []
        """MiB of all processes, at each sample."""
        self.measuring_seconds = 0.0
        """CPU that the node spent on answering this sampler."""

    def run(self) -> None:
        while not self.stop_requested.wait(2.0):  # seconds; one sample takes a tenth of a second
            with suppress(httpx2.HTTPError, LookupError):
                self.sample()

    def sample(self) -> None:
        before = self._node_seconds()
        status = self._machine.status()
        self.measuring_seconds += self._node_seconds() - before
        self.memory.append(round(status["memory"] / 2**20))
        pids = [("node", status["node"]["pid"])]
        pids += [(name, store["pid"]) for name, store in status["stores"].items() if store["pid"]]
        pids += [(service["name"], pid) for service in status["services"] for pid in service["pids"]]
        for name, pid in pids:
            with suppress(psutil.NoSuchProcess):
                self._seconds[name, pid] = cpu_seconds(psutil.Process(pid), with_children=name == "postgres")

    def by_name(self) -> dict[str, float]:
        total: dict[str, float] = {}
        for (name, _), seconds in self._seconds.items():
            total[name] = total.get(name, 0.0) + seconds
        total["node"] = total.get("node", 0.0) - self.measuring_seconds
        return total

    def _node_seconds(self) -> float:
        pid = self._machine.pid()
        return cpu_seconds(psutil.Process(pid), with_children=False) if pid else 0.0


def cpu_seconds(process: psutil.Process, *, with_children: bool) -> float:
    """User and system time of a process; with children, of all its running and ended child processes too."""
    times = process.cpu_times()
    seconds = times.user + times.system
    if not with_children:
        return seconds
    running = 0.0
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended since, and counts for its parent the next time
            running += sum(child.cpu_times()[:2])
    return seconds + times.children_user + times.children_system + running


@contextmanager
def running_machine(
    folder: Path, upstream_url: str, *, timers: bool = True, upstreams: Mapping[str, str] | None = None
) -> Generator[Machine]:
    """`upstreams`: see `Machine`."""
    machine = Machine(folder, upstream_url, timers, upstreams or {})
    machine.start()
    try:
        yield machine
    finally:
        machine.stop()


def throughput(folder: Path, files: list[Path], simulated_killmails: int) -> dict[str, Any]:
    """Killmails per second from the first one on the feed to the last one clustered, everything on the same cores."""
    with upstream(*replay_arguments(files, simulated_killmails), "--speed", "max", "--frozen-head") as upstream_url:
        killmail_count = upstream_killmail_count(upstream_url)
        with running_machine(folder, upstream_url) as machine:
            sampler = CpuSampler(machine)
            progress: list[tuple[float, dict[str, int]]] = []
            with running(sampler):
                wait_until_finished(machine, killmail_count, lambda counts: progress.append((time.monotonic(), counts)))
            sampler.sample()
            cpu = sampler.by_name()
            dead_letters = len(machine.dead_letters())
            starts = cold_starts(machine)
    started_at = next(timestamp for timestamp, counts in progress if counts["seen"])
    seconds = progress[-1][0] - started_at
    return {
        "mails": killmail_count,
        "accepted": progress[-1][1]["accepted"],
        "seconds": round(seconds, 1),
        "mails_per_second": round(killmail_count / seconds, 1),
        "dead_letters": dead_letters,
        "cpu_seconds_per_1000_mails": {name: round(1000 * s / killmail_count, 2) for name, s in sorted(cpu.items())},
        "cold_start_ms": starts,
    }


def latency(folder: Path, killmail_count: int, rate: int) -> dict[str, Any]:
    """Seconds from a killmail's publication until it can be read over HTTP, and until it is part of a battle."""
    speed = f"0.01/s:{IDLE_SECONDS},{rate}/s"  # below one killmail in that time
    arguments = ["--evening", "7", "--mails", str(killmail_count), "--speed", speed, "--frozen-head"]
    with upstream(*arguments) as upstream_url, running_machine(folder, upstream_url) as machine:
        gateway = machine.status()["gateway"]
        readable_at, clustered_at = dict[str, float](), dict[str, float]()
        looks: list[float] = []
        with httpx2.Client(timeout=10) as client:
            deadline = time.monotonic() + IDLE_SECONDS + killmail_count / rate + 10
            while time.monotonic() < deadline:
                recent = client.get(f"{gateway}/api/killmails/recent?limit=100").json()["items"]
                now = time.time()
                looks.append(now)
                for item in recent:
                    readable_at.setdefault(item["killmailId"], now)
                rows = machine.rows(BATTLES, "SELECT killmail_id FROM battle_killmails")
                now = time.time()
                for (killmail_id,) in rows:
                    clustered_at.setdefault(str(killmail_id), now)
                time.sleep(0.05)
            published: dict[str, float] = client.get(f"{upstream_url}/control/published").json()
            killmail_ids: dict[str, int] = client.get(f"{upstream_url}/control/sequences").json()
        stored = machine.counts()["enriched"]
    published_at = {str(killmail_id): published[sequence] for sequence, killmail_id in killmail_ids.items()}
    # A battle appears with its second killmail; the wait of the first one for it is not latency of the system.
    warm_from = min(published_at.values()) + STARTING_SECONDS
    return {
        "rate": rate,
        "mails_seen": len(readable_at),
        # The list has the newest 100: what a pause of 100 / rate seconds covers is stored, but was never seen.
        "mails_stored": stored,
        "longest_pause_s": round(max(later - earlier for earlier, later in pairwise(looks)), 1),
        "from_zero": _delays(published_at, readable_at, clustered_at, lambda published: published < warm_from),
        "warm": _delays(published_at, readable_at, clustered_at, lambda published: published >= warm_from),
    }


def _delays(
    published_at: Mapping[str, float],
    readable_at: Mapping[str, float],
    clustered_at: Mapping[str, float],
    counts: Callable[[float], bool],
) -> dict[str, float]:
    """Seconds until killmails are readable, and until they are in a battle; of those whose publication counts."""
    readable, clustered = (
        [at - published_at[killmail] for killmail, at in found.items() if counts(published_at[killmail])]
        for found in (readable_at, clustered_at)
    )
    return {
        "p50_s": round(quantile(readable, 0.5), 3),
        "p95_s": round(quantile(readable, 0.95), 3),
        "max_s": round(max(readable), 3),
        "battle_p50_s": round(quantile(clustered, 0.5), 3),
    }


def idle_memory(folder: Path) -> dict[str, float]:
    """MiB of node and stores with all functions scaled to zero; PSS counts shared pages once, RSS in each process."""
    with (
        upstream("--evening", "7", "--mails", "10") as upstream_url,
        running_machine(folder, upstream_url, timers=False) as machine,
    ):
        time.sleep(5)
        status = machine.status()
        if any(service["instances"] for service in status["services"]):
            raise RuntimeError("A function is running without any event.")
        node = psutil.Process(status["node"]["pid"])
        processes = [node, *node.children(recursive=True)]
        return {
            "pss_mib": round(sum(_pss(process) for process in processes) / 2**20, 1),
            "rss_mib": round(sum(process.memory_info().rss for process in processes) / 2**20, 1),
            "node_rss_mib": round(node.memory_info().rss / 2**20, 1),
        }


def latency_table(measured: Mapping[str, Any], more: str = "") -> Table:
    """Of one call of `latency`."""
    seen = f"{measured['mails_seen']} of {measured['mails_stored']} killmails seen at {measured['rate']}/s"
    title = f"latency: {seen}, longest pause {measured['longest_pause_s']:g} s{more}"
    return figure_table(title, "", {state: measured[state] for state in STATES})


def _throughput_tables(measured: Mapping[str, Any]) -> Generator[Table]:
    title = f"throughput: {measured['mails']} killmails, {measured['mails_per_second']:g}/s; CPU seconds of a thousand"
    cpu = {name: {"CPU s": seconds} for name, seconds in measured["cpu_seconds_per_1000_mails"].items()}
    yield figure_table(title, "process", cpu)
    yield figure_table("cold starts in ms", "function", measured["cold_start_ms"])


def _pss(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=existing_file, default=[DAY] if DAY.is_file() else [])
    parser.add_argument(
        "--simulated-killmails", type=positive, default=6000, help="size of the simulated feed without files"
    )
    parser.add_argument(
        "--latency-killmails", type=positive, default=1200, help="number of killmails while latency is measured"
    )
    parser.add_argument("--rate", type=positive, default=20, help="killmails per second while latency is measured")
    options = parser.parse_args()
    if options.latency_killmails < SHORTEST_FEED * options.rate:
        seconds = f"{options.latency_killmails / options.rate:g} s at --rate {options.rate}"
        parser.error(
            f"--latency-killmails {options.latency_killmails} last {seconds}; at least {SHORTEST_FEED} s are needed"
        )
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        Path(scratch).chmod(0o755)
        console.print("idle memory ...")
        memory = idle_memory(Path(scratch) / "idle")
        console.print(figure_table("memory without instances", "", {"node and stores": memory}))
        console.print("latency ...")
        delays = latency(Path(scratch) / "latency", options.latency_killmails, options.rate)
        console.print(latency_table(delays))
        console.print("throughput and cold starts ...")
        speed = throughput(Path(scratch) / "speed", options.files, options.simulated_killmails)
        console.print(*_throughput_tables(speed), sep="\n")
    source = options.files[0].name if options.files else "simulated feed"
    report("flow", {"source": source, **speed, "latency": delays, "idle_memory": memory})


if __name__ == "__main__":
    command_line.run(main)
