"""`battlescope replay` on real days: seconds and memory of the process tree, by number of killmails."""

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
from harness.report import ROOT, report
from replay_plot import Point, plot

from battlescope_local.replay.static_data import find_static_data

SHARED: Final = ROOT.parent / "shared" / "data" / "killmails"
PLOT: Final = ROOT / "bench" / "plots" / "replay.svg"
SPAN: Final = timedelta(days=4)
NEW_IDS: Final = 10**9
MIB: Final = 2**20
SAMPLE_INTERVAL: Final = 0.05
PARTS: Final = (0.25, 0.5)
COPIES: Final = (3, 10)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Proportional memory (MiB) counts shared pages once, resident memory once per process."""

    killmails: int
    seconds: float
    cpu: float
    proportional: int
    resident: int


def measure(files: Sequence[Path], killmails: int, static_data: Path | None, out: Path) -> Run:
    sde_option = ("--sde", str(static_data)) if static_data else ()
    command = [
        sys.executable,
        "-m",
        "battlescope_local.cli",
        "replay",
        "--out",
        str(out),
        *sde_option,
        *map(str, files),
    ]
    cpu, started_at = _children_cpu(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        samples = list(_samples(process))
    seconds = time.perf_counter() - started_at
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    proportional, resident = (max(values) // MIB for values in zip(*samples, strict=True))
    return Run(killmails, seconds, _children_cpu() - cpu, proportional, resident)


def _samples(process: "subprocess.Popen[bytes]") -> Iterator[tuple[int, int]]:
    tree = psutil.Process(process.pid)
    while process.poll() is None:
        sizes = [_memory(process) for process in (tree, *_descendants(tree))]
        yield sum(pss for pss, _ in sizes), sum(rss for _, rss in sizes)
        time.sleep(SAMPLE_INTERVAL)


def _descendants(tree: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return tree.children(recursive=True)
    return []


def _memory(process: psutil.Process) -> tuple[int, int]:
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return memory.pss, memory.rss
    return 0, 0


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _lines(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines(keepends=True)


def part(files: Sequence[Path], share: float, folder: Path) -> tuple[list[Path], int]:
    """The earliest killmails, in the same number of files."""
    lines = [line for file in files for line in _lines(file)]
    lines = lines[: round(len(lines) * share)]
    size = -(-len(lines) // len(files))
    parts = [_write_gzip(folder / f"{n}.jsonl.gz", lines[n * size :][:size]) for n in range(len(files))]
    return parts, len(lines)


def shifted_copy(job: tuple[Path, int, Path]) -> Path:
    """The file with times shifted by `copy` times four days, and with new ids."""
    file, copy, folder = job
    shifted = (_shifted(orjson.loads(line), copy) for line in _lines(file))
    return _write_gzip(folder / f"{copy}-{file.name}", (orjson.dumps(body) + b"\n" for body in shifted))


def _shifted(body: dict[str, Any], copy: int) -> dict[str, Any]:
    killed_at = datetime.fromisoformat(body["killmail_time"]) + copy * SPAN
    text = killed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    del body["killmail_hash"]  # the time is part of it
    return body | {"killmail_id": body["killmail_id"] + copy * NEW_IDS, "killmail_time": text}


def _write_gzip(path: Path, lines: Sequence[bytes] | Iterator[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(lines)
    return path


def copies(files: Sequence[Path], folder: Path) -> list[Path]:
    with ProcessPoolExecutor() as pool:
        return list(pool.map(shifted_copy, [(file, copy, folder) for copy in range(max(COPIES)) for file in files]))


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of the run with the median time."""
    median = statistics.median_low([run.seconds for run in runs])
    run = next(run for run in runs if run.seconds == median)
    return {
        "mails": run.killmails,
        "seconds": round(run.seconds, 2),
        "cpu_seconds": round(run.cpu, 2),
        "seconds_of_all_runs": [round(run.seconds, 2) for run in runs],
        "proportional_mib": run.proportional,
        "resident_mib": run.resident,
        "milliseconds_a_mail": round(1000 * run.seconds / run.killmails, 3),
    }


def measure_by_size(files: Sequence[Path], runs: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Figures from a quarter of the killmails to ten times as many."""
    static_data, out = find_static_data(None, files), folder / "battles.jsonl"
    for share in PARTS:
        parts, killmails = part(files, share, folder)
        yield figures([measure(parts, killmails, static_data, out) for _ in range(runs)])
    killmails = sum(len(_lines(file)) for file in files)
    yield figures([measure(files, killmails, static_data, out) for _ in range(runs)])
    shifted_copies = copies(files, folder)
    for count in COPIES:
        yield figures([measure(shifted_copies[: count * len(files)], count * killmails, static_data, out)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(SHARED.glob("everef-*.jsonl.gz")))
    parser.add_argument("--runs", type=int, default=3, help="number of runs for each size; the copies run once")
    options = parser.parse_args()
    if not options.files:
        sys.exit("../shared/data is absent: name killmail files (.jsonl.gz).")
    with tempfile.TemporaryDirectory(prefix="battlescope-replay-") as folder:
        by_size: list[dict[str, Any]] = []
        for result in measure_by_size(options.files, options.runs, Path(folder)):
            print(result, flush=True)
            by_size.append(result)
    PLOT.parent.mkdir(exist_ok=True)
    points = [Point(row["mails"], row["seconds"], row["cpu_seconds"], row["proportional_mib"]) for row in by_size]
    PLOT.write_text(plot(points))
    report("replay", {"four_days": by_size[len(PARTS)], "by_mails": by_size})


if __name__ == "__main__":
    main()
