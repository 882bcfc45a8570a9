"""The output of every benchmark: figures as the last line, and a result file with machine, versions and commit."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"
REPORTED_PACKAGES = (
    "functions-framework",
    "uvicorn",
    "uvloop",
    "pydantic",
    "psycopg",
    "httpx2",
    "aiohttp",
    "confluent-kafka",
)


def report(name: str, figures: dict[str, Any]) -> None:
    """Write `bench/results/NAME.json` and print the figures as the last line."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    record = {
        "name": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": _machine(),
        "versions": {"python": platform.python_version()}
        | {dist: metadata.version(dist) for dist in REPORTED_PACKAGES},
        "figures": figures,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
    sys.stdout.write(json.dumps({name: figures}) + "\n")


def lag_table(title: str, lags: Mapping[str, Mapping[str, float]]) -> Table:
    """Seconds by stage. A bound is held where p95 is within it."""
    table = Table(title=title, title_justify="left")
    table.add_column("lag in s")
    for name in ("p50", "p95", "max", "bound"):
        table.add_column(name, justify="right")
    table.add_column("p95")
    for stage, lag in lags.items():
        bound = lag.get("bound")
        verdict = "" if bound is None else "held" if lag["p95"] <= bound else "missed"
        table.add_row(
            stage, *(f"{lag[name]:g}" if name in lag else "" for name in ("p50", "p95", "max", "bound")), verdict
        )
    return table


def figure_table(title: str, subject: str, rows: Mapping[str, Mapping[str, float]]) -> Table:
    """A row for each subject, and a column for each figure that any of them has."""
    table = Table(title=title, title_justify="left")
    table.add_column(subject)
    columns = list(dict.fromkeys(name for figures in rows.values() for name in figures))
    for name in columns:
        table.add_column(name, justify="right")
    for row, figures in rows.items():
        table.add_row(row, *(f"{figures[name]:g}" if name in figures else "" for name in columns))
    return table


def quantile(values: list[float], share: float) -> float:
    """The quantile at `share` by nearest rank."""
    ascending = sorted(values)
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]


def _commit() -> str:
    done = subprocess.run(
        ["/usr/bin/env", "git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _machine() -> dict[str, Any]:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {"processor": model, "cores": os.cpu_count(), "memory_mib": memory, "system": platform.platform()}
