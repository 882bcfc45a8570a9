"""CPU of all processes for one killmail that comes alone or with few others, beside what the silent system uses.

A group of killmails is published when the one before is clustered, so that a busy machine takes longer but does the
same work. Then the same warm system rests. Nothing reads the API or the status meanwhile; processes are read from
`/proc`. Voluntary context switches show how often a process waited for another one, which is twice for an exchange.
Under load only the ratio of a pair means something: `bench/paired.py --only singly`.

    make bench-singly ARGS="--group 3 --killmails 300"
    make bench-singly ARGS="--setting BATCH_THRESHOLD=8"
"""

import argparse
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2
import psutil
from flow import cpu_seconds, running_machine
from harness import command_line
from harness.command_line import setting
from harness.report import report
from machine import BATTLES, INGESTION, Machine, upstream
from psycopg import Connection
from rich.console import Console
from rich.table import Table

from battlescope_local.arguments import ArgumentParser, positive

WARM_KILLMAILS: Final = 60
"""Uncounted: functions start, prices are loaded, caches fill."""
PAUSE_SECONDS: Final = 0.1
"""After a group is clustered, for the events of its battles."""
REST_SECONDS: Final = 5
"""Before the silent window: what is queued is done."""
SILENT_SECONDS: Final = 20
SEEN: Final = "SELECT (SELECT count(*) FROM killmail_ids), (SELECT count(*) FROM killmail_events)"
CLUSTERED: Final = "SELECT count(*) FROM mails"
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


def measured_window(machine: Machine, work: Callable[[], int]) -> Window:
    """`work` returns how many killmails were clustered."""
    pid = machine.pid()
    if pid is None:
        raise LookupError("The node is not running.")
    usage, ended, began = Usage(pid), threading.Event(), time.monotonic()

    def sample() -> None:
        usage.sample()
        while not ended.wait(1.0):
            usage.sample()
        usage.sample()

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        killmails = work()
        duration = time.monotonic() - began
    finally:
        ended.set()
        sampler.join()
    return Window(*usage.by_name(), duration, killmails)


class Feed:
    """Publishes killmails in groups, each group at once, after the one before is clustered."""

    def __init__(self, url: str, machine: Machine, group: int) -> None:
        self._client = httpx2.Client(base_url=url, timeout=60)
        self._machine, self._group = machine, group
        self._published = 0

    def publish(self, count: int) -> int:
        with self._machine.connection(INGESTION) as ingestion, self._machine.connection(BATTLES) as battles:
            ingestion.autocommit = battles.autocommit = True
            for _ in range(0, count, self._group):
                self._published += self._group
                changed = self._client.post("/control/dials", json={"head_start": self._published})
                changed.raise_for_status()
                while not self._is_clustered(ingestion, battles):
                    time.sleep(0.05)
                time.sleep(PAUSE_SECONDS)
        return count

    def _is_clustered(self, ingestion: Connection, battles: Connection) -> bool:
        """Rejected killmails are not clustered."""
        seen, accepted = ingestion.execute(SEEN).fetchall()[0]
        return seen >= self._published and battles.execute(CLUSTERED).fetchall() == [(accepted,)]


def singly(folder: Path, group: int, count: int, settings: Mapping[str, str]) -> dict[str, Any]:
    killmails = str(WARM_KILLMAILS + 2 * count)
    arguments = ("--evening", "7", "--mails", killmails, "--speed", "0", "--frozen-head", "--changeable")
    with (
        upstream(*arguments) as url,
        running_machine(folder, url, upstreams=settings) as machine,
    ):
        feed = Feed(url, machine, group)
        feed.publish(WARM_KILLMAILS)
        before = _events(machine)
        busy = measured_window(machine, lambda: feed.publish(count))
        after = _events(machine)
        time.sleep(REST_SECONDS)
        silent = measured_window(machine, _silence)
        return {
            "group": group,
            "settings": dict(settings),
            "killmails": busy.killmails,
            "duration": round(busy.duration, 1),
            **_per_killmail(busy, silent),
            "events": {name: after[name] - before.get(name, 0) for name in after},
            "dead_letters": len(machine.dead_letters()),
            "load_average": [round(load, 1) for load in os.getloadavg()],
        }


def _silence() -> int:
    time.sleep(SILENT_SECONDS)
    return 0


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


def _events(machine: Machine) -> dict[str, int]:
    """How many events of each type the Brokers have stored."""
    counts: defaultdict[str, int] = defaultdict(int)
    for event_type in machine.event_types():
        counts[event_type.removeprefix("com.battlescope.")] += 1
    return dict(sorted(counts.items()))


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


def _show(figures: Mapping[str, Any]) -> None:
    table = Table("process", title=f"{figures['killmails']} killmails in groups of {figures['group']}, each")
    for name in ("CPU ms", "caused", "waits"):
        table.add_column(name, justify="right")
    for name, used in figures["cpu_ms"].items():
        table.add_row(name, f"{used:g}", f"{figures['caused_ms'][name]:g}", f"{figures['waits'].get(name, 0):g}")
    table.add_section()
    table.add_row("all", *(f"{figures[name]:g}" for name in ("cpu_ms_sum", "caused_ms_sum", "waits_sum")))
    Console(highlight=False).print(table)


def main() -> None:
    parser = ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", type=positive, default=1, help="killmails that are published at once")
    parser.add_argument("--killmails", type=positive, default=240, help="number that is measured")
    parser.add_argument(
        "--setting", action="append", type=setting, default=[], metavar="NAME=VALUE", help="of the ConfigMap upstreams"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        Path(scratch).chmod(0o755)
        figures = singly(Path(scratch) / "singly", options.group, options.killmails, dict(options.setting))
    _show(figures)
    report("singly", figures)


if __name__ == "__main__":
    command_line.run(main)
