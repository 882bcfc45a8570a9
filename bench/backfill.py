"""Backfill: from the upload of a manifest to battles over HTTP, through all real components on this machine.

Runs of one day, of four days, of many days (the four repeated, shifted in time and ids), and of a day while functions,
broker and stores are killed with -9; the result of the last one is compared with that of an undisturbed run. The part
`values` measures a day in pairs, with the prices of its types stored and without any.
"""

import argparse
import gzip
import json
import os
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import psycopg
from flow import CpuSampler
from harness.report import report
from machine import BATTLES, INGESTION, KILLMAILS, Machine, upstream
from rich.console import Console
from soak import ProcessKiller, battle_contents

from battlescope_local.backfill.bucket import upload
from battlescope_local.backfill.manifest import BackfillRequest, build_upload
from battlescope_local.devtools.project import ROOT
from battlescope_local.settings import S3Access
from killmail_enrich.prices.day_pricing import THE_FORGE
from killmail_enrich.prices.year_series import encode

DATA: Final = ROOT.parent / "shared" / "data"
FILES: Final = tuple(sorted((DATA / "killmails").glob("everef-*.jsonl.gz")))
ENRICHING: Final = ("killmail-enrich", "killmail-enrich-background")
TIMEOUT: Final = 900.0
POLL_INTERVAL: Final = 0.25  # seconds; counting all rows twenty times per second cost a quarter of the time
console: Final = Console(highlight=False)


@contextmanager
def running_machine(**settings: str) -> Generator[Machine]:
    """A running system with real static data and names and an idle feed; all functions are scaled to zero.

    settings: of the ConfigMap of upstreams.
    """
    archives = sorted((DATA / "sde").glob("*.zip"))
    names = ("--names", *map(str, sorted((DATA / "names").glob("*.csv.gz"))))
    arguments = ["--evening", "7", "--mails", "1", *(f"--sde={archive}" for archive in archives), *names]
    with (
        upstream(*arguments) as upstream_url,
        tempfile.TemporaryDirectory(prefix="backfill-", dir="/var/tmp") as scratch,
    ):
        Path(scratch).chmod(0o755)
        machine = Machine(Path(scratch) / "data", upstream_url, timers=False, upstreams=settings)
        machine.start()
        try:
            yield machine
        finally:
            machine.stop()


def upload_killmails(machine: Machine, files: Sequence[Path]) -> int:
    """Upload the killmails and then the manifest; returns the number of killmails. Time counts from the manifest."""
    secrets = json.loads((machine.folder / "secrets.json").read_text())
    access = S3Access(f"http://127.0.0.1:{secrets['port-s3']}", "battlescope", secrets["password-s3"])
    package = build_upload(BackfillRequest(None, None, files=tuple(files)), "bench")
    upload(access, package.key, package.body, package.objects)
    return sum(body.count(b"\n") for body in (gzip.decompress(body) for body in package.objects.values()))


def wait_until_postgres_answers(machine: Machine) -> None:
    """After a kill it recovers first, for seconds on a busy machine."""
    while True:
        with suppress(psycopg.OperationalError):
            _completed_job_count(machine)
            return
        time.sleep(POLL_INTERVAL)


def wait_until_readable(machine: Machine, killmail_count: int, jobs: int) -> dict[str, float]:
    """Seconds until each stage has processed all killmails of the jobs; the last stage is battles over HTTP.

    Counting rows costs the database more than the backfill itself, so rows are counted only when all queues are empty.
    """
    started_at, done = time.monotonic(), dict[str, float]()
    while "readable" not in done:
        if time.monotonic() - started_at > TIMEOUT:
            raise TimeoutError(f"The backfill did not finish in {TIMEOUT:.0f} s: {done}, {machine.counts()}.")
        time.sleep(POLL_INTERVAL)
        now = round(time.monotonic() - started_at, 2)
        for stage, is_pending in _pending_stages(machine, jobs).items():
            if is_pending:
                break
            done.setdefault(stage, now)
        else:
            if _all_processed(machine.counts(), killmail_count) and _battle_count(machine) > 0:
                done["readable"] = now
    return done


def _pending_stages(machine: Machine, jobs: int) -> dict[str, bool]:
    """Whether each stage has pending work, in order of the stages."""
    queues = machine.queues()
    return {
        "filed": _completed_job_count(machine) < jobs or queues["ingest-backfill"] > 0,
        "enriched": queues["killmail-enrich-backfill"] > 0,
        "grouped": queues["battle-cluster-backfill"] > 0,
    }


def _completed_job_count(machine: Machine) -> int:
    return machine.rows(INGESTION, "SELECT count(*) FROM historical_ingestion_jobs WHERE status = 'completed'")[0][0]


def _all_processed(counts: dict[str, int], killmail_count: int) -> bool:
    all_clustered = counts["accepted"] == counts["enriched"] == counts["clustered"]
    return all_clustered and counts["accepted"] + counts["rejected"] == killmail_count and not counts["battle_outbox"]


def _battle_count(machine: Machine) -> int:
    response = httpx2.get(f"{machine.status()['gateway']}/api/battles?limit=1&sort_order=asc", timeout=30)
    return int(response.raise_for_status().json()["totalCount"])


def memory(machine: Machine) -> dict[str, float]:
    """MiB (PSS) by function and store, and of all processes."""
    status = machine.status()
    sizes = {name: store["memory"] for name, store in status["stores"].items()}
    sizes |= {service["name"]: service["memory"] for service in status["services"] if service["pids"]}
    sizes |= {"node": status["node"]["memory"], "all": status["memory"]}
    return {name: round(size / 2**20) for name, size in sorted(sizes.items())}


def measure(machine: Machine, files: Sequence[Path]) -> dict[str, Any]:
    sampler = CpuSampler(machine)
    sampler.start()
    sampler.sample()
    before = sampler.by_name()
    counts = machine.counts()
    jobs = _completed_job_count(machine) + 1
    killmail_count = upload_killmails(machine, files) + counts["accepted"] + counts["rejected"]
    stages = wait_until_readable(machine, killmail_count, jobs)
    sampler.stop_requested.set()
    sampler.join()
    sampler.sample()
    cpu_seconds = {
        name: round(seconds - before.get(name, 0.0), 2) for name, seconds in sorted(sampler.by_name().items())
    }
    new_killmails = killmail_count - counts["accepted"] - counts["rejected"]
    return {
        "mails": new_killmails,
        "seconds": stages,
        "cpu_seconds": cpu_seconds,
        "measuring_seconds": round(sampler.measuring_seconds, 2),
        "peak_mib": max(sampler.memory),
        "memory_mib": memory(machine),
    }


def measure_warm(files: Sequence[Path]) -> dict[str, Any]:
    """Measure one manifest of these files on a new system, after another day that starts every process."""
    with running_machine() as machine, tempfile.TemporaryDirectory(prefix="days-") as folder:
        measure(machine, shifted(FILES[3:], 100, Path(folder)))
        figures = measure(machine, files)
        console.print(figures)
        return figures


def measure_values(files: Sequence[Path]) -> dict[str, Any]:
    """A day with the prices of its types stored, and without: the source of prices is an empty folder in both cases."""
    figures: dict[str, Any] = {}
    for name in ("without", "with"):
        with (
            tempfile.TemporaryDirectory(prefix="no-prices-", dir="/var/tmp") as no_prices,
            running_machine(MARKET_HISTORY_URL=f"file://{no_prices}") as machine,
            tempfile.TemporaryDirectory(prefix="days-") as folder,
        ):
            if name == "with":
                store_prices(machine)
            measure(machine, shifted(FILES[3:], 100, Path(folder)))
            figures[name] = measure(machine, files)
            valued = machine.rows(KILLMAILS, "SELECT count(*), count(valuation_rules) FROM enriched_killmails")[0]
            figures[name]["valued"] = valued
    cpu = {name: sum(measured["cpu_seconds"].values()) for name, measured in figures.items()}
    enrich = {
        name: sum(measured["cpu_seconds"].get(service, 0.0) for service in ENRICHING)
        for name, measured in figures.items()
    }
    figures["ratio"] = round(cpu["with"] / cpu["without"], 3)
    figures["ratio of killmail-enrich"] = round(enrich["with"] / enrich["without"], 3)
    console.print({name: round(seconds, 2) for name, seconds in cpu.items()}, enrich, figures["ratio"])
    return figures


def store_prices(machine: Machine) -> None:
    """The real month of prices, repeated over the years of the real days: as many windows as real prices would have."""
    with gzip.open(DATA / "valuation" / "forge-prices-2026-07.json.gz") as file:
        prices: dict[str, dict[str, float]] = json.load(file)["prices"]
    days = [(date(2020, 11, 1) + timedelta(days=number), 50_000, 50_000) for number in range(700)]
    with (
        machine.connection(KILLMAILS) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY market_prices (type_id, region_id, year, prices) FROM STDIN") as copy,
    ):
        for type_id, series in prices.items():
            cents = [round(isk * 100) for isk in series.values() if isk > 0]
            for year in (2020, 2021, 2022) if cents else ():
                content = encode({day: cents[day % len(cents)] for day in range(365)})
                copy.write_row((int(type_id), THE_FORGE, year, content))
    with (
        machine.connection(KILLMAILS) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY market_days (day, listed_rows, loaded_rows) FROM STDIN") as copy,
    ):
        for row in days:
            copy.write_row(row)


def shifted(files: Sequence[Path], copy: int, folder: Path) -> list[Path]:
    """The same days with later times and other ids, without hashes, which would no longer match."""
    targets: list[Path] = []
    for file in files:
        target = folder / f"{copy:02d}-{file.name}"
        with gzip.open(file, "rt") as lines, gzip.open(target, "wt", compresslevel=1) as out:
            out.writelines(f"{json.dumps(body)}\n" for body in _shifted_bodies(lines, copy, len(files)))
        targets.append(target)
    return targets


def _shifted_bodies(lines: Iterator[str] | Any, copy: int, days: int) -> Iterator[dict[str, Any]]:
    for line in lines:
        body = json.loads(line)
        killed_at = datetime.fromisoformat(body["killmail_time"]) + timedelta(days=copy * days)
        esi = {key: value for key, value in body.items() if key not in {"killmail_hash", "http_last_modified"}}
        yield esi | {
            "killmail_id": body["killmail_id"] + copy * 10**9,
            "killmail_time": killed_at.isoformat().replace("+00:00", "Z"),
        }


def measure_under_attack(files: Sequence[Path], kills: int, seed: int) -> dict[str, Any]:
    """The same day twice, once while processes are killed: the battles must be the same."""
    contents: list[set[tuple[Any, ...]]] = []
    result: dict[str, Any] = {}
    for name in ("undisturbed", "attacked"):
        with running_machine() as machine:
            killmail_count = upload_killmails(machine, files)
            killer = ProcessKiller(machine, seed, (0.5, 2.0)) if name == "attacked" else None
            if killer:
                killer.start()
                while sum(killer.kills.values()) < kills:
                    time.sleep(0.1)
                killer.stop_requested.set()
                killer.join()
                wait_until_postgres_answers(machine)
                result["kills"] = dict(killer.kills)
            result[name] = wait_until_readable(machine, killmail_count, 1)["readable"]
            contents.append(battle_contents(machine))
            query = "SELECT count(*), count(DISTINCT killmail_id) FROM killmail_events"
            result[f"{name}_events"] = machine.rows(INGESTION, query)[0]
            result[f"{name}_mails"] = machine.rows(BATTLES, "SELECT count(*) FROM mails")[0][0]
            result[f"{name}_dead_letters"] = len(machine.dead_letters())
    return result | {"battles": len(contents[0]), "battles_different": len(contents[0] ^ contents[1])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["day", "four", "attack", "year"])
    parser.add_argument("--times", type=int, default=3, help="number of measurements of the day and the four days")
    parser.add_argument("--days", type=int, default=40, help="number of days of the part `year`")
    parser.add_argument("--kills", type=int, default=10, help="number of killed processes of the part `attack`")
    options = parser.parse_args()
    if not FILES:
        raise SystemExit("../shared/data is absent: this benchmark needs the real days.")
    figures: dict[str, Any] = {"load_before": round(os.getloadavg()[0], 2)}
    for name, files in (("day", FILES[:1]), ("four", FILES)):
        if name in options.parts:
            figures[name] = [measure_warm(files) for _ in range(options.times)]
    if "values" in options.parts:
        figures["values"] = [measure_values(FILES[:1]) for _ in range(options.times)]
    if "attack" in options.parts:
        figures["attack"] = measure_under_attack(FILES[3:], options.kills, seed=1)
        console.print(figures["attack"])
    if "year" in options.parts:
        with running_machine() as machine, tempfile.TemporaryDirectory(prefix="days-") as folder:
            years: list[dict[str, Any]] = []
            for copy in range(options.days // len(FILES)):
                files = shifted(FILES, copy, Path(folder))
                years.append(measure(machine, files))
                console.print(copy, years[-1])
                for file in files:
                    file.unlink()
            figures["year"] = years
    report("backfill", figures)


if __name__ == "__main__":
    main()
