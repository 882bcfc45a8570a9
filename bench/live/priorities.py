"""What a backfill takes from live killmails: their lag at 5 a second, alone and beside a backfill of real days.

One system for both: first live killmails alone, then the same rate until the backfill of the four days is over. Lags
are seconds from the publication of a killmail's file until it is enriched, and until it is clustered.
"""

import os
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, LiteralString

import httpx2
from backfill import DATA, FILES, upload_killmails
from flow import running_machine
from harness import command_line
from harness.command_line import running
from harness.report import figure_table, quantile, report
from machine import BATTLES, INGESTION, KILLMAILS, Machine, upstream
from rich.console import Console

from battlescope_local.arguments import ArgumentParser

console: Final = Console(highlight=False)
RATE: Final = 5
WARM_SECONDS, ALONE_SECONDS, BESIDE_SECONDS = 20, 60, 900
STAGES: Final = ("enriched", "clustered")
CLUSTERED: Final[LiteralString] = "SELECT killmail_id FROM mails WHERE killmail_id = ANY(%s)"
ENRICHED: Final[LiteralString] = """
SELECT killmail_id, extract(epoch FROM enriched_at)::float8 FROM enriched_killmails WHERE killmail_id = ANY(%s)"""


class LiveLags(threading.Thread):
    """When each published killmail of the feed was first seen in the battle database."""

    def __init__(self, machine: Machine, upstream_url: str) -> None:
        super().__init__(daemon=True)
        self._machine, self._url = machine, upstream_url
        self.stop_requested = threading.Event()
        self.published_at: dict[int, float] = {}
        self.clustered_at: dict[int, float] = {}

    def run(self) -> None:
        with self._machine.connection(BATTLES) as connection, httpx2.Client(base_url=self._url, timeout=60) as client:
            connection.autocommit = True
            while not self.stop_requested.wait(0.1):
                sequences: dict[str, int] = client.get("/control/sequences").json()
                published: dict[str, float] = client.get("/control/published").json()
                self.published_at = {killmail_id: published[sequence] for sequence, killmail_id in sequences.items()}
                waiting = [i for i in self.published_at if i not in self.clustered_at]
                for (killmail_id,) in connection.execute(CLUSTERED, [waiting]).fetchall():
                    self.clustered_at.setdefault(killmail_id, time.time())


def measure() -> dict[str, Any]:
    names = ("--names", *map(str, sorted((DATA / "names").glob("*.csv.gz"))))
    static_data = [f"--sde={archive}" for archive in sorted((DATA / "sde").glob("*.zip"))]
    count = RATE * (WARM_SECONDS + ALONE_SECONDS + BESIDE_SECONDS)
    arguments = ["--evening", "7", "--mails", str(count), "--speed", f"{RATE}/s", "--frozen-head", *static_data, *names]
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as scratch, upstream(*arguments) as url:
        Path(scratch).chmod(0o755)
        with running_machine(Path(scratch) / "priorities", url) as machine:
            lags = LiveLags(machine, url)
            with running(lags):
                time.sleep(WARM_SECONDS)
                began = time.time()
                time.sleep(ALONE_SECONDS)
                uploaded = time.time()
                backfilled = upload_killmails(machine, FILES)
                over = _wait_until_clustered(machine, backfilled)
                time.sleep(2)  # for the last live killmails of that time
            alone, beside = (_figures(machine, lags, *span) for span in ((began, uploaded), (uploaded, over)))
    ratios = {stage: round(beside[stage]["p95"] / alone[stage]["p95"], 2) for stage in STAGES}
    return {
        "backfill": {"killmails": backfilled, "seconds": round(over - uploaded, 1)},
        "alone": alone,
        "beside": beside,
        "ratio_p95": ratios,
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }


def _wait_until_clustered(machine: Machine, backfilled: int) -> float:
    deadline = time.time() + BESIDE_SECONDS
    while time.time() < deadline:
        ((done,),) = machine.rows(
            INGESTION, "SELECT count(*) FROM historical_ingestion_jobs WHERE status = 'completed'"
        )
        queues = machine.queues()
        if done and not (queues["killmail-enrich-backfill"] or queues["battle-cluster-backfill"]):
            return time.time()
        time.sleep(0.5)
    raise TimeoutError(f"The backfill of {backfilled} killmails was not over after {BESIDE_SECONDS} s.")


def _figures(machine: Machine, lags: LiveLags, began: float, ended: float) -> dict[str, Any]:
    """Of the live killmails that were published between these times."""
    ids = [i for i, at in lags.published_at.items() if began <= at < ended]
    with machine.connection(KILLMAILS) as connection:
        enriched_at: dict[int, float] = dict(connection.execute(ENRICHED, [ids]).fetchall())
    stages = {"enriched": enriched_at, "clustered": lags.clustered_at}
    figures: dict[str, Any] = {"killmails": len(ids)}
    for stage, times in stages.items():
        values = [times[i] - lags.published_at[i] for i in ids if i in times]
        figures[stage] = {name: round(quantile(values, share), 2) for name, share in (("p50", 0.5), ("p95", 0.95))}
    return figures


def _show(figures: Mapping[str, Any]) -> None:
    backfill = figures["backfill"]
    spans = {"alone": figures["alone"], "beside the backfill": figures["beside"]}
    lags = {
        f"{stage} {span}": lag
        for stage in STAGES
        for span, lag in ((name, measured[stage]) for name, measured in spans.items())
    }
    title = f"lag in s of live killmails; the backfill of {backfill['killmails']} took {backfill['seconds']:g} s"
    console.print(figure_table(title, "", lags))
    console.print(figure_table("p95 beside the backfill, of that alone", "", {"ratio": figures["ratio_p95"]}))


def main() -> None:
    ArgumentParser(description=__doc__).parse_args()
    if not FILES:
        raise SystemExit("../shared/data is absent: this benchmark needs the real days.")
    figures = measure()
    _show(figures)
    report("priorities", figures)


if __name__ == "__main__":
    command_line.run(main)
