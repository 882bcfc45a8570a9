"""CPU of this checkout against another one, measured in turn: A B A B …, as the ratio of each pair.

Absolute times vary by two to three between hours on shared cores; the ratio of neighbours does not. The other checkout
needs its own `.venv` (`make setup` there).

    make bench-paired ARGS="--before ../old"
    make bench-paired ARGS="--before ../old --only replay,starts --pairs 9"
"""

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Final

from harness.report import ROOT, report

DAYS: Final = tuple(sorted((ROOT.parent / "shared" / "data" / "killmails").glob("everef-*.jsonl.gz")))
FUNCTIONS: Final = tuple(sorted(path.parent.name for path in (ROOT / "functions").glob("*/pyproject.toml")))
STORED: Final = 57_461
INSERTED: Final = 500
FLOWN: Final = 3000
Measure = Callable[[Path], dict[str, float]]


def cpu_of(command: list[str], folder: Path) -> float:
    """CPU seconds of a command and of all its children that it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def replay(tree: Path) -> dict[str, float]:
    """CPU seconds of `battlescope replay` over the real days."""
    with tempfile.TemporaryDirectory(prefix="paired-") as folder:
        command = [str(tree / ".venv/bin/battlescope"), "replay", "--out", f"{folder}/battles.jsonl", *map(str, DAYS)]
        return {"replay": cpu_of(command, tree)}


def starts(tree: Path) -> dict[str, float]:
    """CPU seconds of importing each function, which is nearly all of a cold start."""
    python = str(tree / ".venv/bin/python")
    return {name: cpu_of([python, "-c", f"import {name.replace('-', '_')}.main"], tree) for name in FUNCTIONS}


def inserts(tree: Path) -> dict[str, float]:
    """CPU milliseconds of battle-cluster per killmail that is inserted alone, into four stored days."""
    options = ["--mails", str(STORED), "--insert", str(INSERTED), "--days", "2021-11-30"]
    figures = _figures(tree, "inserts", options)["2021-11-30"]
    return {f"insert into {store}": figures[store]["cpu_mean"] for store in ("empty", "full")}


def backfill(tree: Path) -> dict[str, float]:
    """CPU seconds of all processes for one real day, from manifest to battles over HTTP."""
    used = _figures(tree, "backfill", ["day", "--times", "1"])["day"][0]["cpu_seconds"]
    return {"backfill of a day": sum(used.values())}


def flow(tree: Path) -> dict[str, float]:
    """CPU milliseconds of all processes for each live killmail, from the feed to the API, on a part of a real day."""
    with tempfile.TemporaryDirectory(prefix="paired-") as folder:
        part = Path(folder) / "killmails" / "part.jsonl.gz"
        part.parent.mkdir()
        (Path(folder) / "sde").symlink_to(DAYS[-1].parents[1] / "sde")
        with gzip.open(DAYS[-1]) as whole, gzip.open(part, "wb") as file:
            file.writelines(islice(whole, FLOWN))
        figures = _figures(tree, "flow", [str(part), "--latency-killmails", "200"])
    used: dict[str, float] = figures["cpu_seconds_per_1000_mails"]
    functions = {name: milliseconds for name, milliseconds in used.items() if name in FUNCTIONS}
    return {"flow, all": sum(used.values()), "flow, functions": sum(functions.values())} | {
        f"flow, {name}": used[name] for name in ("ingest-poll", "killmail-enrich", "battle-cluster", "postgres")
    }


def singly(tree: Path) -> dict[str, float]:
    """CPU milliseconds of all processes for each of two killmails that come together; the script is this checkout's."""
    command = [str(tree / ".venv/bin/python"), str(ROOT / "bench" / "live" / "singly.py"), "--group", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "bench")}
    subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL)
    figures = json.loads((ROOT / "bench" / "results" / "singly.json").read_text())["figures"]
    by_process = {f"singly, {name}": used for name, used in figures["caused_ms"].items() if used > 0.0}
    return {
        "singly, all": figures["cpu_ms_sum"],
        "singly, without the silent system": figures["caused_ms_sum"],
        "singly, waits": figures["waits_sum"],
    } | by_process


def _figures(tree: Path, name: str, options: list[str]) -> dict[str, Any]:
    subprocess.run([str(tree / ".venv/bin/python"), f"bench/{name}.py", *options], cwd=tree, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return json.loads((tree / "bench" / "results" / f"{name}.json").read_text())["figures"]


MEASURES: Final[dict[str, Measure]] = {
    "replay": replay,
    "starts": starts,
    "inserts": inserts,
    "flow": flow,
    "backfill": backfill,
    "singly": singly,
}


def pairs(measure: Measure, before: Path, count: int) -> dict[str, dict[str, Any]]:
    """Figures of both checkouts and the ratio after/before of each pair."""
    rounds = [(measure(before), measure(ROOT)) for _ in range(count)]
    return {
        name: {
            "before": [round(old[name], 4) for old, _ in rounds],
            "after": [round(new[name], 4) for _, new in rounds],
            "median_ratio": round(statistics.median(new[name] / old[name] for old, new in rounds), 3),
        }
        for name in rounds[0][0]
        if all(old.get(name) and name in new for old, new in rounds)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the other checkout")
    parser.add_argument("--only", default=",".join(MEASURES), help="measures, separated by commas")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for name in options.only.split(","):
        figures |= pairs(MEASURES[name], options.before.resolve(), options.pairs)
        print(json.dumps(figures, indent=1))
    report("paired", figures)


if __name__ == "__main__":
    main()
