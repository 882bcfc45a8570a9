"""A day at full speed while functions, broker, stores and the node itself are killed with -9 at random.

Two runs over the same killmails, one undisturbed, one under attack. Afterwards every killmail must be archived byte for
byte, counted exactly once and processed by all stages, and both runs must have the same battles with the same sides.
"""

import argparse
import gzip
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
from harness.report import report
from machine import (
    BATTLES,
    INGESTION,
    Machine,
    replay_arguments,
    upstream,
    upstream_killmail_count,
    wait_until_finished,
)
from rich.console import Console

from battlescope_local.devtools.project import ROOT
from battlescope_schemas.archive import ArchiveKey, read_member

DAY = ROOT.parent / "shared" / "data" / "killmails" / "everef-2021-11-30.jsonl.gz"
MIN_KILLS = 3  # the attack continues after the last killmail of the feed until it has made this many
console = Console(highlight=False)


class ProcessKiller(threading.Thread):
    """Kills a random process of the system every few seconds; restarts the node when it was the node."""

    def __init__(self, machine: Machine, seed: int, pause: tuple[float, float]) -> None:
        super().__init__(daemon=True)
        self.kills: Counter[str] = Counter()
        self.stop_requested = threading.Event()
        self._machine, self._rng, self._pause = machine, random.Random(seed), pause

    def run(self) -> None:
        while not self.stop_requested.wait(self._rng.uniform(*self._pause)):
            with suppress(httpx2.HTTPError, LookupError, psutil.NoSuchProcess, ProcessLookupError):
                self._kill_one()
        if self._machine.pid() is None:
            self._machine.start()

    def _kill_one(self) -> None:
        status = self._machine.status()
        victims = {f"store {name}": [store["pid"]] for name, store in status["stores"].items() if store["pid"]}
        victims |= {f"function {service['name']}": service["pids"] for service in status["services"] if service["pids"]}
        victims["node"] = [status["node"]["pid"]]
        min_kills = min(self.kills[name] for name in victims)  # each process name equally often, in random order
        name = self._rng.choice(sorted(name for name in victims if self.kills[name] == min_kills))
        os.kill(self._rng.choice(victims[name]), signal.SIGKILL)
        self.kills[name] += 1
        console.print(f"  killed {name}", style="red")
        if name == "node":
            self._machine.start()


def run(
    upstream_url: str, folder: Path, attack: tuple[int, tuple[float, float]] | None
) -> tuple[Machine, dict[str, Any]]:
    """Process all killmails; the system stays running so that its state can be checked."""
    machine = Machine(folder, upstream_url)
    machine.start()
    started_at, killmail_count = time.monotonic(), upstream_killmail_count(upstream_url)
    killer = ProcessKiller(machine, *attack) if attack else None
    if killer:
        killer.start()

    def report_progress(counts: dict[str, int]) -> None:
        console.print(f"  {time.monotonic() - started_at:6.1f} s  " + "  ".join(f"{k} {v}" for k, v in counts.items()))
        if killer and counts["seen"] >= killmail_count and sum(killer.kills.values()) >= MIN_KILLS:
            killer.stop_requested.set()

    try:
        wait_until_finished(machine, killmail_count, report_progress)
    finally:
        if killer:
            killer.stop_requested.set()
            killer.join()
    seconds = round(time.monotonic() - started_at, 1)
    return machine, {"seconds": seconds, "kills": dict(killer.kills) if killer else {}}


def archive_violations(machine: Machine, upstream_url: str) -> dict[str, int]:
    """Compare the archive with the bytes that the feed served, and each reference with the bytes at its position."""
    objects = machine.archive_objects()
    with httpx2.Client() as client:
        served = {
            client.get(f"{upstream_url}/control/raw/{sequence}").content
            for sequence in client.get(f"{upstream_url}/control/sequences").json()
        }
    keys = [ArchiveKey.parse(key) for (key,) in machine.rows(INGESTION, "SELECT archive_key FROM killmail_events")]
    referenced = [
        read_member(objects[k.object_key][k.offset : k.offset + k.length]) for k in keys if k.object_key in objects
    ]
    archived = {line for bundle in objects.values() for line in gzip.decompress(bundle).split(b"\n") if line}
    return {
        "served_not_archived": len(served - archived),
        "archived_not_served": len(archived - served),
        "references_to_nothing": len(keys) - len(referenced),
        "references_to_other_bytes": sum(body not in served for body in referenced),
        "references_sharing_bytes": len(referenced) - len(set(referenced)),
    }


def battle_contents(machine: Machine) -> set[tuple[Any, ...]]:
    """The content of every battle: killmails, totals and sides, without ids and without the order of rows."""
    rows = machine.rows(BATTLES, """
        SELECT b.total_kills, b.total_participants, b.total_isk_destroyed, b.tier, b.start_time, b.end_time,
          (SELECT array_agg(k.killmail_id ORDER BY k.killmail_id) FROM battle_killmails k WHERE k.battle_id = b.id),
          (SELECT array_agg(row(p.side_id, p.party_type, p.party_id, p.pilots, p.isk_lost)::text
             ORDER BY p.party_type, p.party_id) FROM battle_side_parties p WHERE p.battle_id = b.id)
        FROM battles b WHERE b.deleted_at IS NULL""")  # fmt: skip
    return {tuple(map(_hashable, row)) for row in rows}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # any column


def check_run(machine: Machine, upstream_url: str) -> dict[str, Any]:
    counts, killmail_count = machine.counts(), upstream_killmail_count(upstream_url)
    return {
        "mails": killmail_count,
        "counted": counts["accepted"] + counts["rejected"],
        "accepted": counts["accepted"],
        "lost": killmail_count - counts["seen"],
        "dead_letters": len(machine.dead_letters()),
        "live_batches": machine.live_batch_count(),
        **archive_violations(machine, upstream_url),
    }


def observe(
    upstream_url: str, folder: Path, attack: tuple[int, tuple[float, float]] | None
) -> tuple[dict[str, Any], set[tuple[Any, ...]]]:
    """The figures of one run, which an attack may disturb, and the content of its battles."""
    machine, timing = run(upstream_url, folder, attack)
    try:
        return timing | check_run(machine, upstream_url), battle_contents(machine)
    finally:
        machine.stop()


def soak(files: list[Path], simulated_killmails: int, seed: int, pause: tuple[float, float]) -> dict[str, Any]:
    """Both runs, and the comparison of their battles."""
    arguments = [*replay_arguments(files, simulated_killmails), "--speed", "max", "--frozen-head"]
    with (
        upstream(*arguments) as upstream_url,
        tempfile.TemporaryDirectory(prefix="soak-", dir="/var/tmp") as scratch,
    ):  # PostgreSQL's user must be able to read it
        Path(scratch).chmod(0o755)
        result: dict[str, Any] = {}
        battles_by_run: dict[str, set[tuple[Any, ...]]] = {}
        for name, attack in (("undisturbed", None), ("attacked", (seed, pause))):
            console.print(f"{name}:", style="bold")
            result[name], battles_by_run[name] = observe(upstream_url, Path(scratch) / name, attack)
    result["battles"] = len(battles_by_run["undisturbed"])
    result["battles_different"] = len(battles_by_run["undisturbed"] ^ battles_by_run["attacked"])
    return result


def violations(result: dict[str, Any]) -> list[str]:
    """Each guarantee that a run violates, as a sentence."""
    must_be_zero = ("lost", "dead_letters", "served_not_archived", "archived_not_served", "references_to_nothing",
                    "references_to_other_bytes", "references_sharing_bytes")  # fmt: skip
    sentences: list[str] = []
    for run_name in ("undisturbed", "attacked"):
        figures = result[run_name]
        sentences += [f"{run_name}: {name} is {figures[name]}" for name in must_be_zero if figures[name]]
        if figures["counted"] != figures["mails"]:
            sentences.append(f"{run_name}: counted {figures['counted']} of {figures['mails']}")
    if result["battles_different"]:
        sentences.append(f"{result['battles_different']} battles differ")
    return sentences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[DAY] if DAY.is_file() else [])
    parser.add_argument(
        "--simulated-killmails", type=int, default=6000, help="size of the simulated feed without files"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the attack")
    parser.add_argument(
        "--pause", type=float, nargs=2, default=(1.0, 4.0), metavar=("MIN", "MAX"), help="seconds between kills"
    )
    options = parser.parse_args()
    result = soak(options.files, options.simulated_killmails, options.seed, tuple(options.pause))
    broken = violations(result)
    report("soak", result | {"source": options.files[0].name if options.files else "simulated feed", "broken": broken})
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
