"""CPU of all processes for one killmail at a calm rate, beside what the same warm system uses while the feed is silent.

One window of killmails, then one without. Nothing reads the API or the status meanwhile; processes are read from
`/proc` before and after each window. Voluntary context switches show how often a process waited for another one, which
is twice for an exchange. Under load only the ratio of a pair means something: `bench/paired.py --only singly`.

    make bench-singly ARGS="--rate 20 --seconds 60"
    make bench-singly ARGS="--setting BATCH_THRESHOLD=8"
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2
import psutil
from flow import cpu_seconds, running_machine
from machine import BATTLES, INGESTION, KILLMAILS, Machine, upstream
from report import quantile, report

SILENT_SECONDS: Final = 15
"""Before the first killmail: the system starts."""
WARM_SECONDS: Final = 30
"""At the full rate, uncounted: functions start, prices are loaded, caches fill."""
REST_SECONDS: Final = 8
"""Between the two windows: what is queued is done, and instances that only the load needed stop."""
SERVER: Final = "battlescope_events.server"


class Used(NamedTuple):
    """What a process and its children have used since they started."""

    name: str
    seconds: float
    switches: int


@dataclass
class Usage:
    """What the processes of each name use: CPU seconds and voluntary context switches.

    A cold start is no part of a killmail's cost, so a process counts from the first sample that finds it.
    """

    node_pid: int
    first: dict[int, Used] = field(default_factory=dict[int, Used])
    last: dict[int, Used] = field(default_factory=dict[int, Used])

    def sample(self) -> None:
        node = psutil.Process(self.node_pid)
        self._add(node.pid, Used("node", cpu_seconds(node, with_children=False), _switches(node)))
        for child in node.children():
            with suppress(psutil.NoSuchProcess):
                switches = sum(map(_switches, [child, *child.children(recursive=True)]))
                self._add(child.pid, Used(_name(child), cpu_seconds(child, with_children=True), switches))

    def _add(self, pid: int, used: Used) -> None:
        self.first.setdefault(pid, used)
        self.last[pid] = used

    def by_name(self) -> tuple[dict[str, float], dict[str, int]]:
        """CPU seconds and context switches from the first sample of each process to its last one."""
        seconds, switches = defaultdict[str, float](float), defaultdict[str, int](int)
        for pid, used in self.last.items():
            seconds[used.name] += used.seconds - self.first[pid].seconds
            switches[used.name] += max(0, used.switches - self.first[pid].switches)  # those of ended threads are gone
        return seconds, switches


@dataclass(frozen=True)
class Window:
    """What was used, and the killmails that were clustered meanwhile."""

    seconds: Mapping[str, float]
    switches: Mapping[str, int]
    duration: float
    killmails: int


def measured_window(machine: Machine, seconds: float) -> Window:
    pid = machine.pid()
    if pid is None:
        raise LookupError("The node is not running.")
    clustered, began, usage = _clustered(machine), time.monotonic(), Usage(pid)
    usage.sample()
    while time.monotonic() < began + seconds:
        time.sleep(1.0)
        usage.sample()
    return Window(*usage.by_name(), time.monotonic() - began, _clustered(machine) - clustered)


def singly(folder: Path, rate: int, seconds: int, settings: Mapping[str, str]) -> dict[str, Any]:
    count = rate * (WARM_SECONDS + seconds)
    speed = f"0.01/s:{SILENT_SECONDS},{rate}/s"  # below one killmail in that time
    with (
        upstream("--evening", "7", "--mails", str(count), "--speed", speed, "--frozen-head") as url,
        running_machine(folder, url, upstreams=settings) as machine,
    ):
        published = httpx2.Client(base_url=url, timeout=60)
        while len(published.get("/control/published").json()) < rate * WARM_SECONDS:
            time.sleep(0.5)
        busy = measured_window(machine, seconds - 2)
        time.sleep(2 + REST_SECONDS)
        silent = measured_window(machine, min(seconds, 30))
        return {
            "rate": rate,
            "settings": dict(settings),
            "killmails": busy.killmails,
            **_per_killmail(busy, silent),
            "seconds": _delays(machine, published),
            "events": _events(machine),
            "dead_letters": len(machine.dead_letters()),
            "load_average": [round(load, 1) for load in os.getloadavg()],
        }


def _per_killmail(busy: Window, silent: Window) -> dict[str, Any]:
    """CPU ms by process; `caused` is without what the silent system used in the same time."""
    all_ms = {name: 1000 * used / busy.killmails for name, used in busy.seconds.items()}
    idle_ms = {
        name: 1000 * used / silent.duration * busy.duration / busy.killmails for name, used in silent.seconds.items()
    }
    caused = {name: used - idle_ms.get(name, 0.0) for name, used in all_ms.items()}
    return {
        "cpu_ms": {name: round(used, 2) for name, used in sorted(all_ms.items())},
        "cpu_ms_sum": round(sum(all_ms.values()), 2),
        "caused_ms": {name: round(used, 2) for name, used in sorted(caused.items())},
        "caused_ms_sum": round(sum(caused.values()), 2),
        "silent_ms_per_second": round(1000 * sum(silent.seconds.values()) / silent.duration, 1),
        "waits": {name: round(count / busy.killmails, 1) for name, count in sorted(busy.switches.items())},
        "waits_sum": round(sum(busy.switches.values()) / busy.killmails, 1),
    }


def _delays(machine: Machine, client: httpx2.Client) -> dict[str, float]:
    """Seconds from publication to ingestion and to enrichment, after the first killmails."""
    published: dict[str, float] = client.get("/control/published").json()
    sequences: dict[str, int] = client.get("/control/sequences").json()
    published_at = {killmail_id: published[sequence] for sequence, killmail_id in sequences.items()}
    warm_from = min(published_at.values()) + WARM_SECONDS
    stages = {
        "ingested": machine.rows(
            INGESTION, "SELECT killmail_id, extract(epoch FROM ingested_at)::float8 FROM killmail_events"
        ),
        "enriched": machine.rows(
            KILLMAILS, "SELECT killmail_id, extract(epoch FROM enriched_at)::float8 FROM enriched_killmails"
        ),
    }
    delays: dict[str, float] = {}
    for stage, rows in stages.items():
        values = [at - published_at[i] for i, at in rows if published_at.get(i, 0.0) >= warm_from]
        delays |= {f"{stage}_p50": round(quantile(values, 0.5), 3), f"{stage}_p95": round(quantile(values, 0.95), 3)}
    return delays


def _events(machine: Machine) -> dict[str, int]:
    """How many events of each type the Brokers have stored."""
    counts: defaultdict[str, int] = defaultdict(int)
    for event_type in machine.event_types():
        counts[event_type.removeprefix("com.battlescope.")] += 1
    return dict(sorted(counts.items()))


def _clustered(machine: Machine) -> int:
    return int(machine.rows(BATTLES, "SELECT count(*) FROM mails")[0][0])


def _name(process: psutil.Process) -> str:
    arguments = process.cmdline()
    if SERVER in arguments:
        return arguments[arguments.index(SERVER) + 1].partition(".")[0].replace("_", "-")
    return Path(arguments[0].split()[0]).name if arguments else "ended"


def _switches(process: psutil.Process) -> int:
    """Of all its threads."""
    total = 0
    for status in Path(f"/proc/{process.pid}/task").glob("*/status"):
        try:
            lines = status.read_text().splitlines()
        except OSError:
            continue  # the thread has ended
        total += next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=20, help="killmails per second")
    parser.add_argument("--seconds", type=int, default=60, help="of the window with killmails")
    parser.add_argument("--setting", action="append", default=[], help="NAME=VALUE of the functions' environment")
    options = parser.parse_args()
    settings = dict(setting.split("=", maxsplit=1) for setting in options.setting)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        Path(scratch).chmod(0o755)
        report("singly", singly(Path(scratch) / "singly", options.rate, options.seconds, settings))


if __name__ == "__main__":
    main()
