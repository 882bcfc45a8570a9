"""History: from the upload of a manifest to battles over HTTP, through every real component on this machine.

Runs of one day, of four days, of many days (the four repeated, shifted in time and ids), and of a day while functions,
broker and stores are killed with -9, whose end is compared with the undisturbed one.
"""

import argparse
import gzip
import json
import os
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
from flow import CpuWatch
from machine import BATTLES, INGESTION, Machine, upstream
from report import report
from rich.console import Console
from soak import Attack, battles

from battlescope_local.backfill.bucket import upload
from battlescope_local.backfill.manifest import BackfillRequest, build_upload
from battlescope_local.devtools.project import ROOT
from battlescope_local.settings import S3Access

DATA: Final = ROOT.parent / "shared" / "data"
FILES: Final = tuple(sorted((DATA / "killmails").glob("everef-*.jsonl.gz")))
PATIENCE: Final = 900.0
WATCHED: Final = 0.25  # seconds between looks: counting all rows twenty times a second cost a second of every four
console: Final = Console(highlight=False)


@contextmanager
def machine() -> Generator[Machine]:
    """A running system with the true static data and names, on whose feed nothing comes; every function at zero."""
    archives = sorted((DATA / "sde").glob("*.zip"))
    names = ("--names", *map(str, sorted((DATA / "names").glob("*.csv.gz"))))
    world_arguments = ["--evening", "7", "--mails", "1", *(f"--sde={archive}" for archive in archives), *names]
    with (
        upstream(*world_arguments) as world,
        tempfile.TemporaryDirectory(prefix="backfill-", dir="/var/tmp") as scratch,
    ):
        Path(scratch).chmod(0o755)
        one = Machine(Path(scratch) / "data", world, timers=False)
        one.start()
        try:
            yield one
        finally:
            one.stop()


def order(one: Machine, files: Sequence[Path]) -> int:
    """Upload the mails and then the manifest; gives how many mails there are. The clock starts with the manifest."""
    remembered = json.loads((one.folder / "secrets.json").read_text())
    access = S3Access(f"http://127.0.0.1:{remembered['port-s3']}", "battlescope", remembered["password-s3"])
    made = build_upload(BackfillRequest(None, None, files=tuple(files)), "bench")
    upload(access, made)
    return sum(body.count(b"\n") for body in (gzip.decompress(body) for body in made.objects.values()))


def until_readable(one: Machine, mails: int, jobs: int) -> dict[str, float]:
    """Seconds until each stage had everything of so many mails in so many jobs; the last is battles over HTTP.

    Counting rows costs the database more than the work does, so queues are watched, and rows counted once they are
    empty.
    """
    begun, done = time.monotonic(), dict[str, float]()
    while "readable" not in done:
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError(f"Nothing came of it in {PATIENCE:.0f} s: {done}, {one.counts()}.")
        time.sleep(WATCHED)
        now = round(time.monotonic() - begun, 2)
        for stage, waits in _stages(one, jobs).items():
            if waits:
                break
            done.setdefault(stage, now)
        else:
            if _all_through(one.counts(), mails) and _listed(one) > 0:
                done["readable"] = now
    return done


def _stages(one: Machine, jobs: int) -> dict[str, bool]:
    """Whether each stage still has something before it, in their order."""
    queues = one.queues()
    return {
        "filed": _ended_jobs(one) < jobs or queues["ingest-backfill"] > 0,
        "enriched": queues["killmail-enrich-backfill"] > 0,
        "grouped": queues["battle-cluster-backfill"] > 0,
    }


def _ended_jobs(one: Machine) -> int:
    return one.rows(INGESTION, "SELECT count(*) FROM historical_ingestion_jobs WHERE status = 'completed'")[0][0]


def _all_through(counts: dict[str, int], mails: int) -> bool:
    through = counts["accepted"] == counts["enriched"] == counts["clustered"]
    return through and counts["accepted"] + counts["rejected"] == mails and not counts["untold"]


def _listed(one: Machine) -> int:
    answer = httpx2.get(f"{one.status()['gateway']}/api/battles?limit=1&sort_order=asc", timeout=30)
    return int(answer.raise_for_status().json()["totalCount"])


def memory(one: Machine) -> dict[str, float]:
    """MiB (PSS) of everything that runs, by what it is."""
    status = one.status()
    found = {name: store["memory"] for name, store in status["stores"].items()}
    found |= {each["name"]: each["memory"] for each in status["services"] if each["pids"]}
    found |= {"node": status["node"]["memory"], "all": status["memory"]}
    return {name: round(size / 2**20) for name, size in sorted(found.items())}


def timed(one: Machine, files: Sequence[Path]) -> dict[str, Any]:
    watch = CpuWatch(one)
    watch.start()
    watch.look()
    before = watch.by_name()
    counts = one.counts()
    jobs = _ended_jobs(one) + 1
    mails = order(one, files) + counts["accepted"] + counts["rejected"]
    stages = until_readable(one, mails, jobs)
    watch.enough.set()
    watch.join()
    watch.look()
    used = {name: round(seconds - before.get(name, 0.0), 2) for name, seconds in sorted(watch.by_name().items())}
    fresh = mails - counts["accepted"] - counts["rejected"]
    return {
        "mails": fresh,
        "seconds": stages,
        "cpu_seconds": used,
        "peak_mib": max(watch.memory),
        "memory_mib": memory(one),
    }


def warm(files: Sequence[Path]) -> dict[str, Any]:
    """One manifest of these files for a machine of its own, after another day that wakes every process."""
    with machine() as one, tempfile.TemporaryDirectory(prefix="days-") as folder:
        timed(one, shifted(FILES[3:], 100, Path(folder)))
        figures = timed(one, files)
        console.print(figures)
        return figures


def shifted(files: Sequence[Path], copy: int, folder: Path) -> list[Path]:
    """The same days again, later and with other ids; their hashes do not fit any more and are left out."""
    made: list[Path] = []
    for file in files:
        target = folder / f"{copy:02d}-{file.name}"
        with gzip.open(file, "rt") as lines, gzip.open(target, "wt", compresslevel=1) as out:
            out.writelines(f"{json.dumps(body)}\n" for body in _later(lines, copy, len(files)))
        made.append(target)
    return made


def _later(lines: Iterator[str] | Any, copy: int, days: int) -> Iterator[dict[str, Any]]:
    for line in lines:
        body = json.loads(line)
        moment = datetime.fromisoformat(body["killmail_time"]) + timedelta(days=copy * days)
        kept = {key: value for key, value in body.items() if key not in {"killmail_hash", "http_last_modified"}}
        yield kept | {
            "killmail_id": body["killmail_id"] + copy * 10**9,
            "killmail_time": moment.isoformat().replace("+00:00", "Z"),
        }


def attacked(files: Sequence[Path], kills: int, seed: int) -> dict[str, Any]:
    """The same day twice, once while processes are killed: what is left must be the same."""
    left: list[set[tuple[Any, ...]]] = []
    told: dict[str, Any] = {}
    for name in ("undisturbed", "attacked"):
        with machine() as one:
            mails = order(one, files)
            attack = Attack(one, seed, (0.5, 2.0)) if name == "attacked" else None
            if attack:
                attack.start()
                while sum(attack.kills.values()) < kills:
                    time.sleep(0.1)
                attack.enough.set()
                attack.join()
                told["kills"] = dict(attack.kills)
            told[name] = until_readable(one, mails, 1)["readable"]
            left.append(battles(one))
            query = "SELECT count(*), count(DISTINCT killmail_id) FROM killmail_events"
            told[f"{name}_events"] = one.rows(INGESTION, query)[0]
            told[f"{name}_mails"] = one.rows(BATTLES, "SELECT count(*) FROM mails")[0][0]
            told[f"{name}_dead_letters"] = len(one.dead_letters())
    return told | {"battles": len(left[0]), "battles_different": len(left[0] ^ left[1])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["day", "four", "attack", "year"])
    parser.add_argument("--times", type=int, default=3, help="how often the day and the four days are measured")
    parser.add_argument("--days", type=int, default=40)
    parser.add_argument("--kills", type=int, default=10)
    chosen = parser.parse_args()
    if not FILES:
        raise SystemExit("The real days are absent; this benchmark measures nothing else.")
    figures: dict[str, Any] = {"load_before": round(os.getloadavg()[0], 2)}
    for name, files in (("day", FILES[:1]), ("four", FILES)):
        if name in chosen.parts:
            figures[name] = [warm(files) for _ in range(chosen.times)]
    if "attack" in chosen.parts:
        figures["attack"] = attacked(FILES[3:], chosen.kills, seed=1)
        console.print(figures["attack"])
    if "year" in chosen.parts:
        with machine() as one, tempfile.TemporaryDirectory(prefix="days-") as folder:
            years: list[dict[str, Any]] = []
            for copy in range(chosen.days // len(FILES)):
                files = shifted(FILES, copy, Path(folder))
                years.append(timed(one, files))
                console.print(copy, years[-1])
                for file in files:
                    file.unlink()
            figures["year"] = years
    report("backfill", figures)


if __name__ == "__main__":
    main()
