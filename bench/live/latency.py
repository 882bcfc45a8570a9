"""Latency from the feed to the API: several runs, each of a new system, and the median of their p95.

A run is `latency` of `make bench-flow`: killmails that come while every function but ingest-poll has no instance (from
zero), then killmails that come to a warm system.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any, Final

from flow import SHORTEST_FEED, STARTING_SECONDS, STATES, latency, latency_table
from harness import command_line
from harness.report import figure_table, report
from rich.console import Console

from battlescope_local.arguments import ArgumentParser, positive

console: Final = Console(highlight=False)


def measure(rate: int, seconds: int, runs: int) -> dict[str, Any]:
    """`runs` systems, each with killmails at `rate` a second for so many seconds; p95 in seconds."""
    measured: list[dict[str, Any]] = []
    for number in range(1, runs + 1):
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            Path(scratch).chmod(0o755)
            run = latency(Path(scratch) / "latency", rate * seconds, rate)
        run["load_average"] = round(os.getloadavg()[0], 1)
        console.print(latency_table(run, f"; run {number} of {runs}, load average {run['load_average']:g}"))
        measured.append(run)
    medians = {state: round(statistics.median(run[state]["p95_s"] for run in measured), 3) for state in STATES}
    console.print(figure_table(f"medians of {runs} runs at {rate}/s", "", {"p95_s": medians}))
    return {"median_p95_s": medians, "runs": measured}


def feed_seconds(text: str) -> int:
    seconds = positive(text)
    if seconds < SHORTEST_FEED:
        message = f"{seconds} s are too few: the first {STARTING_SECONDS} start the system; use {SHORTEST_FEED} or more"
        raise argparse.ArgumentTypeError(message)
    return seconds


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rates", type=positive, nargs="+", default=[20, 100], help="killmails a second (default: 20 100)"
    )
    parser.add_argument(
        "--seconds",
        type=feed_seconds,
        default=30,
        help=f"duration of the feed in each run, at least {SHORTEST_FEED} (default: 30)",
    )
    parser.add_argument("--runs", type=positive, default=5, help="systems that are measured (default: 5)")
    options = parser.parse_args()
    report("latency", {f"{rate}/s": measure(rate, options.seconds, options.runs) for rate in options.rates})


if __name__ == "__main__":
    command_line.run(main)
