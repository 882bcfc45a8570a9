"""Catching up after an outage, at the feed's own limits: 8 requests a second, 6 s after an answer without a file.

All files of the outage appear at once; killmails of the present follow at the real feed's rate. Seconds until each
killmail of the outage is clustered, and the lag of those of the present meanwhile, as in `load.py`.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
from flow import running_machine
from harness import command_line
from harness.command_line import running
from harness.report import lag_table, quantile, report
from machine import BATTLES, INGESTION, KILLMAILS, Machine, upstream, wait_until_finished
from rich.console import Console

from battlescope_local.arguments import ArgumentParser, positive

console: Final = Console(highlight=False)
KILLMAILS_A_DAY: Final = 17_862  # of a real Saturday
FEED_RATE: Final = 8
PRESENT_RATE: Final = 0.3  # killmails a second
WARM_SECONDS: Final = 30  # at one killmail a second
REAL_LIMITS: Final = {"FEED_MAX_RATE": str(FEED_RATE), "FEED_IDLE_SECONDS": "6"}


def measure(hours: int) -> dict[str, Any]:
    """An outage of so many hours, and the present that goes on until it is caught up."""
    missed = KILLMAILS_A_DAY * hours // 24
    present = round(PRESENT_RATE * missed / FEED_RATE) + 20
    speed = f"1/s:{WARM_SECONDS},{missed}/s:1,{PRESENT_RATE}/s"
    count = WARM_SECONDS + missed + present
    arguments = ["--evening", "7", "--mails", str(count), "--speed", speed, "--changeable"]
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, upstream(*arguments) as url:
        Path(scratch).chmod(0o755)
        with running_machine(Path(scratch) / "outage", url, upstreams=REAL_LIMITS) as machine:
            clustered = Clustered(machine)
            with running(clustered):
                _wait_for_all(machine, count)
            published: dict[str, float] = httpx2.get(f"{url}/control/published", timeout=60).json()
            sequences: dict[str, int] = httpx2.get(f"{url}/control/sequences", timeout=60).json()
            published_at = {killmail_id: published[sequence] for sequence, killmail_id in sequences.items()}
            return _figures(machine, published_at, clustered.at, missed)


def _wait_for_all(machine: Machine, count: int) -> None:
    """Killmails that never come are counted as lost."""
    try:
        wait_until_finished(
            machine, count, lambda counts: console.print(f"  {counts['clustered']} of {count} clustered", end="\r")
        )
    except TimeoutError as error:
        console.print(f"  {error}")


class Clustered(threading.Thread):
    """When each killmail was first seen in the battle database."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(daemon=True)
        self._machine = machine
        self.at: dict[int, float] = {}
        self.stop_requested = threading.Event()

    def run(self) -> None:
        while not self.stop_requested.wait(0.5):
            for (killmail_id,) in self._machine.rows(BATTLES, "SELECT killmail_id FROM mails"):
                self.at.setdefault(killmail_id, time.time())


def _figures(
    machine: Machine, published_at: Mapping[int, float], clustered_at: Mapping[int, float], missed: int
) -> dict[str, Any]:
    ordered = sorted(published_at, key=lambda killmail_id: (published_at[killmail_id], killmail_id))
    accepted = {i for (i,) in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_events")}
    enriched = {i for (i,) in machine.rows(KILLMAILS, "SELECT killmail_id FROM enriched_killmails")}
    seen = {i for (i,) in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_ids")}
    outage = [i for i in ordered[WARM_SECONDS : WARM_SECONDS + missed] if i in accepted]
    began = min(published_at[i] for i in outage)
    caught_up = max(clustered_at[i] for i in outage if i in clustered_at)
    present = [i for i in ordered[WARM_SECONDS + missed :] if i in accepted and published_at[i] < caught_up]
    return {
        "killmails": missed,
        "at_limit_s": round(missed / FEED_RATE),
        "caught_up_s": round(caught_up - began, 1),
        "present_meanwhile": len(present),
        "present_lag_s": _lags(clustered_at[i] - published_at[i] for i in present if i in clustered_at),
        "lost": len(published_at.keys() - seen) + len(accepted - clustered_at.keys()) + len(accepted - enriched),
        "dead_letters": len(machine.dead_letters()),
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }


def _lags(values: Iterable[float]) -> dict[str, float]:
    lags = list(values)
    return {name: round(quantile(lags, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))}


def _show(hours: int, figures: Mapping[str, Any]) -> None:
    title = f"{hours} h: {figures['killmails']:,} killmails, caught up after {figures['caught_up_s']:g} s"
    console.print(lag_table(title, {"the present meanwhile": figures["present_lag_s"]}))
    console.print(
        f"  at the feed's limit alone {figures['at_limit_s']} s; lost {figures['lost']}, "
        f"dead letters {figures['dead_letters']}"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=positive, nargs="+", default=[1, 24], help="of each outage (default: 1 24)")
    figures: dict[str, Any] = {}
    for hours in parser.parse_args().hours:
        console.print(f"{hours} h ...")
        figures[f"{hours}_h"] = measure(hours)
        _show(hours, figures[f"{hours}_h"])
    report("outage", figures)


if __name__ == "__main__":
    command_line.run(main)
