"""Sustained load on the whole pipeline: lags, backlog, CPU by process, memory, lost and doubled killmails.

The rates are those of the requirements, above the real feed's limit, so the simulated feed has none. Lags are seconds
from the publication of a killmail's file: to its row of ingestion, to its enrichment, and to the moment from which as
many killmails are clustered as were published before it.
"""

import os
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
from flow import CpuSampler, cpu_seconds, running_machine
from harness import command_line
from harness.command_line import minutes, one_of, running
from harness.report import lag_table, quantile, report
from machine import BATTLES, INGESTION, KILLMAILS, Machine, upstream, wait_until_finished
from rich.console import Console

from battlescope_local.arguments import ArgumentParser

console = Console(highlight=False)
WARM_SECONDS = 30  # at one killmail a second, while the system starts; these are not counted in lags
BURST_SECONDS, BURST_RATE = 20, 2000
STALL_SECONDS = 180.0
FEED_MAX_RATE = "5000"  # requests per second


@dataclass(frozen=True)
class Scenario:
    """Killmails per second, and the required lags in seconds of ingestion, enrichment and clustering."""

    rate: int
    bounds: tuple[int, int, int]
    burst: bool = False

    def speed(self, seconds: int) -> str:
        burst = f"{self.rate}/s:{seconds // 3},{BURST_RATE}/s:{BURST_SECONDS}," if self.burst else ""
        return f"1/s:{WARM_SECONDS},{burst}{self.rate}/s"

    def killmails(self, seconds: int) -> int:
        return WARM_SECONDS + self.rate * seconds + (BURST_RATE - self.rate) * BURST_SECONDS * self.burst


SCENARIOS = {
    "calm": Scenario(20, (1, 1, 1)),  # nearly all killmails go singly
    "normal": Scenario(100, (5, 30, 120)),
    "major": Scenario(500, (10, 60, 300), burst=True),
    "sustained": Scenario(300, (8, 45, 180)),
}


class Progress(threading.Thread):
    """The number of clustered killmails and of waiting events over time."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(daemon=True)
        self._machine = machine
        self.stop_requested = threading.Event()
        self.clustered: list[tuple[float, int]] = []
        self.waiting_events: list[int] = []

    def run(self) -> None:
        while not self.stop_requested.wait(1.0):
            try:
                ((count,),) = self._machine.rows(BATTLES, "SELECT count(*) FROM mails")
                self.clustered.append((time.time(), count))
                self.waiting_events.append(sum(self._machine.queues().values()))
            except (psycopg.Error, httpx2.HTTPError, LookupError) as error:
                console.print(f"  not measured: {error}")


def run(name: str, scenario: Scenario, seconds: int) -> dict[str, Any]:
    killmail_count = scenario.killmails(seconds)
    arguments = [
        "--evening",
        "7",
        "--mails",
        str(killmail_count),
        "--speed",
        scenario.speed(seconds),
        "--frozen-head",
        "--changeable",
        "--values-first",
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, upstream(*arguments) as upstream_url:
        Path(scratch).chmod(0o755)
        # The newest child; nodes of earlier scenarios may still be children, too.
        stand_in = max(psutil.Process().children(), key=psutil.Process.create_time)
        with running_machine(Path(scratch) / name, upstream_url, upstreams={"FEED_MAX_RATE": FEED_MAX_RATE}) as machine:
            httpx2.post(f"{upstream_url}/control/dials", json={"frozen_head": False}).raise_for_status()
            before = (cpu_seconds(stand_in, with_children=False), time.process_time())
            sampler, progress = CpuSampler(machine), Progress(machine)
            with running(sampler, progress):
                _wait_for_all(machine, killmail_count)
            sampler.sample()
            apart = (cpu_seconds(stand_in, with_children=False) - before[0], time.process_time() - before[1])
            published: dict[str, float] = httpx2.get(f"{upstream_url}/control/published", timeout=60).json()
            sequences: dict[str, int] = httpx2.get(f"{upstream_url}/control/sequences", timeout=60).json()
            published_at = {int(killmail_id): published[sequence] for sequence, killmail_id in sequences.items()}
            return _figures(scenario, machine, published_at, progress) | _cpu(sampler, killmail_count, apart)


def _wait_for_all(machine: Machine, killmail_count: int) -> None:
    """Killmails that never come are counted as lost."""
    try:
        wait_until_finished(machine, killmail_count, lambda _: None, stall=STALL_SECONDS)
    except TimeoutError as error:
        console.print(f"  {error}")


def _figures(
    scenario: Scenario, machine: Machine, published_at: dict[int, float], progress: Progress
) -> dict[str, Any]:
    ingested = machine.rows(
        INGESTION, "SELECT killmail_id, extract(epoch FROM ingested_at)::float8 FROM killmail_events"
    )
    enriched = machine.rows(
        KILLMAILS, "SELECT killmail_id, extract(epoch FROM enriched_at)::float8 FROM enriched_killmails"
    )
    stored = {killmail_id for (killmail_id,) in machine.rows(BATTLES, "SELECT killmail_id FROM mails")}
    ((memberships, members),) = machine.rows(
        BATTLES, "SELECT count(*), count(DISTINCT killmail_id) FROM battle_killmails"
    )
    seen = {killmail_id for (killmail_id,) in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_ids")}
    ((counted,),) = machine.rows(INGESTION, "SELECT sum(accepted) FROM ingestion_stats_hourly")
    accepted = {killmail_id for killmail_id, _ in ingested}
    first, last = min(published_at.values()) + WARM_SECONDS, max(published_at.values())
    cluster_lags = _lags_by_count(sorted(published_at[killmail_id] for killmail_id in accepted), progress.clustered)
    lags = {
        "ingest": [at - published_at[i] for i, at in ingested if published_at[i] >= first],
        "enrich": [at - published_at[i] for i, at in enriched if published_at[i] >= first],
        "cluster": [lag for published, lag in cluster_lags if published >= first],
    }
    return {
        "killmails": len(published_at),
        "rate": round((len(published_at) - WARM_SECONDS) / (last - first), 1),
        "lag_s": {
            stage: {
                "p50": _rounded(values, 0.5),
                "p95": _rounded(values, 0.95),
                "max": _rounded(values, 1.0),
                "bound": bound,
            }
            for (stage, values), bound in zip(lags.items(), scenario.bounds, strict=True)
        },
        "clustered_after_last_published_s": round(progress.clustered[-1][0] - last, 1),
        "max_waiting_events": max(progress.waiting_events, default=0),
        "lost": len(published_at.keys() - seen) + len(accepted - stored),
        "doubled": memberships - members + int(counted) - len(accepted),
        "dead_letters": len(machine.dead_letters()),
    }


def _lags_by_count(published: Sequence[float], clustered: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
    """For each killmail, when it was published and after how long as many were clustered as were published by then."""
    counts = [count for _, count in clustered]
    found = ((at, bisect_left(counts, number)) for number, at in enumerate(published, 1))
    return [(at, max(0.0, clustered[min(index, len(clustered) - 1)][0] - at)) for at, index in found]


def _rounded(values: Sequence[float], share: float) -> float:
    return round(quantile(list(values), share), 2)


def _cpu(sampler: CpuSampler, killmail_count: int, apart: tuple[float, float]) -> dict[str, Any]:
    by_name = sampler.by_name()
    per_killmail = {name: round(1000 * seconds / killmail_count, 2) for name, seconds in sorted(by_name.items())}
    return {
        "cpu_ms_per_killmail": per_killmail,
        "cpu_ms_per_killmail_sum": round(1000 * sum(by_name.values()) / killmail_count, 2),
        "apart_cpu_ms_per_killmail": {
            "stand_in": round(1000 * apart[0] / killmail_count, 2),
            "measuring": round(1000 * apart[1] / killmail_count, 2),
        },
        "memory_mib": {"median": quantile([float(mib) for mib in sampler.memory], 0.5), "max": max(sampler.memory)},
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }


def _show(name: str, figures: dict[str, Any]) -> None:
    console.print(lag_table(f"{name}: {figures['killmails']:,} killmails at {figures['rate']:g}/s", figures["lag_s"]))
    console.print(
        f"  clustered {figures['clustered_after_last_published_s']:g} s after the last publication; "
        f"lost {figures['lost']}, doubled {figures['doubled']}, dead letters {figures['dead_letters']}; "
        f"CPU {figures['cpu_ms_per_killmail_sum']:g} ms a killmail"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        type=one_of(SCENARIOS),
        help=f"{', '.join(SCENARIOS)} (default: all)",
    )
    parser.add_argument("--minutes", type=minutes, default=5.0, help="duration of each scenario (default: 5)")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for name in options.scenarios or SCENARIOS:
        console.print(f"{name} ...")
        figures[name] = run(name, SCENARIOS[name], round(60 * options.minutes))
        _show(name, figures[name])
    report("load", {"minutes": options.minutes, **figures})


if __name__ == "__main__":
    command_line.run(main)
