"""The whole flow, feed to API: speed, latency, CPU by function, cold starts, idle memory.

Every part runs the system that users run: the manifests, real stores, real processes. Nothing is warmed up by hand.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
from cold import cold_starts
from machine import BATTLES, Machine, mails_in, replay_arguments, upstream, wait_until_finished
from report import quantile, report
from rich.console import Console
from soak import DAY

console = Console(highlight=False)


class CpuWatch(threading.Thread):
    """Adds up the CPU seconds of every process by what it is: a function, a store, the node."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(daemon=True)
        self._machine, self._seen = machine, dict[tuple[str, int], float]()
        self.enough = threading.Event()
        self.memory: list[float] = []
        """MiB of everything, at each look."""

    def run(self) -> None:
        while not self.enough.wait(2.0):  # a look weighs every process, which takes a tenth of a second
            with suppress(httpx2.HTTPError, LookupError):
                self.look()

    def look(self) -> None:
        status = self._machine.status()
        self.memory.append(round(status["memory"] / 2**20))
        pids = [("node", status["node"]["pid"])]
        pids += [(name, store["pid"]) for name, store in status["stores"].items() if store["pid"]]
        pids += [(one["name"], pid) for one in status["services"] for pid in one["pids"]]
        for name, pid in pids:
            with suppress(psutil.NoSuchProcess):
                self._seen[name, pid] = cpu_seconds(psutil.Process(pid), with_children=name == "postgres")

    def by_name(self) -> dict[str, float]:
        total: dict[str, float] = {}
        for (name, _), seconds in self._seen.items():
            total[name] = total.get(name, 0.0) + seconds
        return total


def cpu_seconds(process: psutil.Process, *, with_children: bool) -> float:
    """User and system time; a server of many processes counts those that live and those that ended."""
    times = process.cpu_times()
    own = times.user + times.system
    if not with_children:
        return own
    inner = [child.cpu_times() for child in process.children(recursive=True)]
    return own + times.children_user + times.children_system + sum(one.user + one.system for one in inner)


@contextmanager
def running(folder: Path, world: str, *, timers: bool = True) -> Generator[Machine]:
    machine = Machine(folder, world, timers)
    machine.start()
    try:
        yield machine
    finally:
        machine.stop()


def throughput(folder: Path, files: list[Path], evening_mails: int) -> dict[str, Any]:
    """Mails per second from the first mail seen to the last one in its place, everything on the same cores."""
    with upstream(*replay_arguments(files, evening_mails), "--speed", "max", "--frozen-head") as world:
        mails = mails_in(world)
        with running(folder, world) as machine:
            watch = CpuWatch(machine)
            watch.start()
            moments: list[tuple[float, dict[str, int]]] = []
            wait_until_finished(machine, mails, lambda counts: moments.append((time.monotonic(), counts)))
            watch.enough.set()
            watch.join()
            watch.look()
            cpu = watch.by_name()
            letters = len(machine.dead_letters())
            starts = cold_starts(machine)
    began = next(moment for moment, counts in moments if counts["seen"])
    seconds = moments[-1][0] - began
    return {
        "mails": mails,
        "accepted": moments[-1][1]["accepted"],
        "seconds": round(seconds, 1),
        "mails_per_second": round(mails / seconds, 1),
        "dead_letters": letters,
        "cpu_seconds_per_1000_mails": {name: round(1000 * s / mails, 2) for name, s in sorted(cpu.items())},
        "cold_start_ms": starts,
    }


def latency(folder: Path, mails: int, rate: int) -> dict[str, Any]:
    """From a mail's publication to its being readable: as a killmail over HTTP, and as part of a battle."""
    arguments = ["--evening", "7", "--mails", str(mails), "--speed", f"{rate}/s", "--frozen-head"]
    with upstream(*arguments) as world, running(folder, world) as machine:
        gateway = machine.status()["gateway"]
        seen, placed = dict[str, float](), dict[str, float]()
        with httpx2.Client(timeout=10) as client:
            done = time.monotonic() + mails / rate + 10
            while time.monotonic() < done:
                recent = client.get(f"{gateway}/api/killmails/recent?limit=100").json()["items"]
                now = time.time()
                for item in recent:
                    seen.setdefault(item["killmailId"], now)
                rows = machine.rows(BATTLES, "SELECT killmail_id FROM battle_killmails")
                now = time.time()
                for (killmail_id,) in rows:
                    placed.setdefault(str(killmail_id), now)
                time.sleep(0.05)
            published: dict[str, float] = client.get(f"{world}/control/published").json()
            of: dict[str, int] = client.get(f"{world}/control/sequences").json()
    at = {str(killmail_id): published[sequence] for sequence, killmail_id in of.items()}
    # A battle appears with its second mail, so its first mail waits for the second; that wait is not ours.
    lag = [moment - at[mail] for mail, moment in seen.items()]
    battle_lag = [moment - at[mail] for mail, moment in placed.items()]
    return {
        "rate": rate,
        "mails_seen": len(lag),
        "p50_s": round(quantile(lag, 0.5), 3),
        "p95_s": round(quantile(lag, 0.95), 3),
        "max_s": round(max(lag), 3),
        "battle_p50_s": round(quantile(battle_lag, 0.5), 3),
    }


def idle_memory(folder: Path) -> dict[str, float]:
    """MiB of node and stores with every function at zero: PSS counts shared pages once, RSS in each process."""
    with upstream("--evening", "7", "--mails", "10") as world, running(folder, world, timers=False) as machine:
        time.sleep(5)
        status = machine.status()
        if any(one["instances"] for one in status["services"]):
            raise RuntimeError("A function runs although nothing happened.")
        node = psutil.Process(status["node"]["pid"])
        processes = [node, *node.children(recursive=True)]
        return {
            "pss_mib": round(sum(_pss(one) for one in processes) / 2**20, 1),
            "rss_mib": round(sum(one.memory_info().rss for one in processes) / 2**20, 1),
            "node_rss_mib": round(node.memory_info().rss / 2**20, 1),
        }


def _pss(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[DAY] if DAY.is_file() else [])
    parser.add_argument("--evening-mails", type=int, default=6000, help="size of the invented evening without files")
    parser.add_argument("--latency-mails", type=int, default=1200)
    parser.add_argument("--rate", type=int, default=20, help="mails a second while latency is measured")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        Path(scratch).chmod(0o755)
        console.print("idle memory ...")
        memory = idle_memory(Path(scratch) / "idle")
        console.print(f"  {memory}\nlatency ...")
        delays = latency(Path(scratch) / "latency", chosen.latency_mails, chosen.rate)
        console.print(f"  {delays}\nthroughput and cold starts ...")
        speed = throughput(Path(scratch) / "speed", chosen.files, chosen.evening_mails)
    source = chosen.files[0].name if chosen.files else "invented evening"
    report("flow", {"source": source, **speed, "latency": delays, "idle_memory": memory})


if __name__ == "__main__":
    main()
