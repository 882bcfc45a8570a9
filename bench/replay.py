"""`battlescope replay` on real days: seconds and memory of the whole process tree, and how both grow with the mails."""

import argparse
import gzip
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import psutil
from replay_plot import Point, plot
from report import ROOT, report

from battlescope_local.replay.static_data import find_static_data

SHARED: Final = ROOT.parent / "shared" / "data" / "killmails"
PLOT: Final = ROOT / "bench" / "plots" / "replay.svg"
SPAN: Final = timedelta(days=4)
NEW_IDS: Final = 10**9
MIB: Final = 2**20
LOOK: Final = 0.05
PARTS: Final = (0.25, 0.5)
COPIES: Final = (3, 10)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Proportional memory counts what processes share once; resident memory once for each of them."""

    mails: int
    seconds: float
    cpu: float
    proportional: int
    resident: int


def measured(files: Sequence[Path], mails: int, static_data: Path | None, out: Path) -> Run:
    zipped = ("--sde", str(static_data)) if static_data else ()
    command = [sys.executable, "-m", "battlescope_local.cli", "replay", "--out", str(out), *zipped, *map(str, files)]
    cpu, began = _children_cpu(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        looks = list(_looks(process))
    seconds = time.perf_counter() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    proportional, resident = (max(kind) // MIB for kind in zip(*looks, strict=True))
    return Run(mails, seconds, _children_cpu() - cpu, proportional, resident)


def _looks(process: "subprocess.Popen[bytes]") -> Iterator[tuple[int, int]]:
    tree = psutil.Process(process.pid)
    while process.poll() is None:
        seen = [_memory(one) for one in (tree, *_below(tree))]
        yield sum(pss for pss, _ in seen), sum(rss for _, rss in seen)
        time.sleep(LOOK)


def _below(tree: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return tree.children(recursive=True)
    return []


def _memory(one: psutil.Process) -> tuple[int, int]:
    with suppress(psutil.Error):
        told = one.memory_full_info()
        return told.pss, told.rss
    return 0, 0


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _lines(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines(keepends=True)


def part(files: Sequence[Path], share: float, folder: Path) -> tuple[list[Path], int]:
    """The first mails in time, in as many files as before."""
    lines = [line for file in files for line in _lines(file)]
    lines = lines[: round(len(lines) * share)]
    each = -(-len(lines) // len(files))
    return [_written(folder / f"{at}.jsonl.gz", lines[at * each :][:each]) for at in range(len(files))], len(lines)


def copied(job: tuple[Path, int, Path]) -> Path:
    """The file as if it had happened `copy` times four days later."""
    file, copy, folder = job
    shifted = (_shifted(orjson.loads(line), copy) for line in _lines(file))
    return _written(folder / f"{copy}-{file.name}", (orjson.dumps(body) + b"\n" for body in shifted))


def _shifted(body: dict[str, Any], copy: int) -> dict[str, Any]:
    later = datetime.fromisoformat(body["killmail_time"]) + copy * SPAN
    stamp = later.strftime("%Y-%m-%dT%H:%M:%SZ")
    return body | {"killmail_id": body["killmail_id"] + copy * NEW_IDS, "killmail_time": stamp}


def _written(path: Path, lines: Sequence[bytes] | Iterator[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(lines)
    return path


def copies(files: Sequence[Path], folder: Path) -> list[Path]:
    with ProcessPoolExecutor() as pool:
        return list(pool.map(copied, [(file, copy, folder) for copy in range(max(COPIES)) for file in files]))


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Of several runs of the same, the one in the middle by time."""
    middle = statistics.median_low([run.seconds for run in runs])
    run = next(run for run in runs if run.seconds == middle)
    return {
        "mails": run.mails,
        "seconds": round(run.seconds, 2),
        "cpu_seconds": round(run.cpu, 2),
        "seconds_of_all_runs": [round(one.seconds, 2) for one in runs],
        "proportional_mib": run.proportional,
        "resident_mib": run.resident,
        "milliseconds_a_mail": round(1000 * run.seconds / run.mails, 3),
    }


def grown(files: Sequence[Path], runs: int, folder: Path) -> Iterator[dict[str, Any]]:
    """From a quarter of the mails to ten times as many."""
    static_data, out = find_static_data(None, files), folder / "battles.jsonl"
    for share in PARTS:
        some, mails = part(files, share, folder)
        yield figures([measured(some, mails, static_data, out) for _ in range(runs)])
    mails = sum(len(_lines(file)) for file in files)
    yield figures([measured(files, mails, static_data, out) for _ in range(runs)])
    many = copies(files, folder)
    for count in COPIES:
        yield figures([measured(many[: count * len(files)], count * mails, static_data, out)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(SHARED.glob("everef-*.jsonl.gz")))
    parser.add_argument("--runs", type=int, default=3, help="of everything up to all mails; the copies run once")
    arguments = parser.parse_args()
    if not arguments.files:
        sys.exit("Name killmail files (.jsonl.gz), since ../shared/data is absent.")
    with tempfile.TemporaryDirectory(prefix="battlescope-replay-") as folder:
        told: list[dict[str, Any]] = []
        for one in grown(arguments.files, arguments.runs, Path(folder)):
            print(one, flush=True)
            told.append(one)
    PLOT.parent.mkdir(exist_ok=True)
    PLOT.write_text(
        plot([Point(one["mails"], one["seconds"], one["cpu_seconds"], one["proportional_mib"]) for one in told])
    )
    report("replay", {"four_days": next(one for one in told[len(PARTS) :]), "by_mails": told})


if __name__ == "__main__":
    main()
