"""A day at full speed while functions, broker, stores and the node itself are killed with -9 at random.

Two runs over the same mails, one undisturbed, one under attack. Then: every mail is archived byte for byte, counted
exactly once and has gone all the way, and both runs hold the same battles with the same sides.
"""

import argparse
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
from machine import BATTLES, INGESTION, Machine, mails_in, replay_arguments, upstream, wait_until_finished
from report import report
from rich.console import Console

from battlescope_local.devtools.project import ROOT
from battlescope_schemas.archive import ArchiveKey, unpack

DAY = ROOT.parent / "shared" / "data" / "killmails" / "everef-2021-11-30.jsonl.gz"
LEAST_KILLS = 3  # the attack goes on beyond the last mail of the feed until it was one
console = Console(highlight=False)


class Attack(threading.Thread):
    """Kills a random process of the machine every few seconds; starts the node again when it was the node."""

    def __init__(self, machine: Machine, seed: int, pause: tuple[float, float]) -> None:
        super().__init__(daemon=True)
        self.kills: Counter[str] = Counter()
        self.enough = threading.Event()
        self._machine, self._chance, self._pause = machine, random.Random(seed), pause

    def run(self) -> None:
        while not self.enough.wait(self._chance.uniform(*self._pause)):
            with suppress(httpx2.HTTPError, LookupError, psutil.NoSuchProcess, ProcessLookupError):
                self._strike()
        if self._machine.pid() is None:
            self._machine.start()

    def _strike(self) -> None:
        status = self._machine.status()
        victims = {f"store {name}": [store["pid"]] for name, store in status["stores"].items() if store["pid"]}
        victims |= {f"function {one['name']}": one["pids"] for one in status["services"] if one["pids"]}
        victims["node"] = [status["node"]["pid"]]
        fewest = min(self.kills[name] for name in victims)  # each kind in its turn, in an order left to chance
        name = self._chance.choice(sorted(name for name in victims if self.kills[name] == fewest))
        os.kill(self._chance.choice(victims[name]), signal.SIGKILL)
        self.kills[name] += 1
        console.print(f"  killed {name}", style="red")
        if name == "node":
            self._machine.start()


def run(world: str, folder: Path, attack: tuple[int, tuple[float, float]] | None) -> tuple[Machine, dict[str, Any]]:
    """Let every mail go all the way; the machine is left running for the look inside."""
    machine = Machine(folder, world)
    machine.start()
    began, mails = time.monotonic(), mails_in(world)
    attacker = Attack(machine, *attack) if attack else None
    if attacker:
        attacker.start()

    def tell(counts: dict[str, int]) -> None:
        console.print(f"  {time.monotonic() - began:6.1f} s  " + "  ".join(f"{k} {v}" for k, v in counts.items()))
        if attacker and counts["seen"] >= mails and sum(attacker.kills.values()) >= LEAST_KILLS:
            attacker.enough.set()

    try:
        wait_until_finished(machine, mails, tell)
    finally:
        if attacker:
            attacker.enough.set()
            attacker.join()
    seconds = round(time.monotonic() - began, 1)
    return machine, {"seconds": seconds, "kills": dict(attacker.kills) if attacker else {}}


def archive_faults(machine: Machine, world: str) -> dict[str, int]:
    """Compares every archived byte with what the feed served, and every reference with what it points to."""
    objects = dict(machine.packs())
    with httpx2.Client() as client:
        served = {
            client.get(f"{world}/control/raw/{sequence}").content
            for sequence in client.get(f"{world}/control/sequences").json()
        }
    keys = [ArchiveKey.parse(key) for (key,) in machine.rows(INGESTION, "SELECT archive_key FROM killmail_events")]
    pointed = [unpack(objects[k.object_key][k.offset : k.offset + k.length]) for k in keys if k.object_key in objects]
    archived = {line for body in objects.values() for line in unpack(body).split(b"\n") if line}
    return {
        "served_not_archived": len(served - archived),
        "archived_not_served": len(archived - served),
        "references_to_nothing": len(keys) - len(pointed),
        "references_to_other_bytes": sum(mail not in served for mail in pointed),
        "references_sharing_bytes": len(pointed) - len(set(pointed)),
    }


def battles(machine: Machine) -> set[tuple[Any, ...]]:
    """Every battle as what it is: its mails, its totals and who stood where; ids and order of rows left out."""
    rows = machine.rows(BATTLES, """
        SELECT b.total_kills, b.total_participants, b.total_isk_destroyed, b.tier, b.start_time, b.end_time,
          (SELECT array_agg(k.killmail_id ORDER BY k.killmail_id) FROM battle_killmails k WHERE k.battle_id = b.id),
          (SELECT array_agg(row(p.side_id, p.party_type, p.party_id, p.pilots, p.isk_lost)::text
             ORDER BY p.party_type, p.party_id) FROM battle_side_parties p WHERE p.battle_id = b.id)
        FROM battles b WHERE b.deleted_at IS NULL""")  # fmt: skip
    return {tuple(map(_hashable, row)) for row in rows}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]  # any column


def verdict(machine: Machine, world: str) -> dict[str, Any]:
    counts, mails = machine.counts(), mails_in(world)
    return {
        "mails": mails,
        "counted": counts["accepted"] + counts["rejected"],
        "accepted": counts["accepted"],
        "lost": mails - counts["seen"],
        "dead_letters": len(machine.dead_letters()),
        **archive_faults(machine, world),
    }


def soak(files: list[Path], evening_mails: int, seed: int, pause: tuple[float, float]) -> dict[str, Any]:
    """Both runs and the comparison of what they left."""
    arguments = [*replay_arguments(files, evening_mails), "--speed", "max", "--frozen-head"]
    with (
        upstream(*arguments) as world,
        tempfile.TemporaryDirectory(prefix="soak-", dir="/var/tmp") as scratch,
    ):  # PostgreSQL's user must reach it
        Path(scratch).chmod(0o755)
        told: dict[str, Any] = {}
        held: dict[str, set[tuple[Any, ...]]] = {}
        for name, attack in (("undisturbed", None), ("attacked", (seed, pause))):
            console.print(f"{name}:", style="bold")
            machine, timing = run(world, Path(scratch) / name, attack)
            try:
                told[name] = timing | verdict(machine, world)
                held[name] = battles(machine)
            finally:
                machine.stop()
    told["battles"] = len(held["undisturbed"])
    told["battles_different"] = len(held["undisturbed"] ^ held["attacked"])
    return told


def faults(told: dict[str, Any]) -> list[str]:
    """What broke a promise, in words."""
    zero = ("lost", "dead_letters", "served_not_archived", "archived_not_served", "references_to_nothing",
            "references_to_other_bytes", "references_sharing_bytes")  # fmt: skip
    found = [
        f"{run}: {name} is {told[run][name]}" for run in ("undisturbed", "attacked") for name in zero if told[run][name]
    ]
    found += [f"{run}: counted {told[run]['counted']} of {told[run]['mails']}" for run in ("undisturbed", "attacked")
              if told[run]["counted"] != told[run]["mails"]]  # fmt: skip
    return found + ([f"{told['battles_different']} battles differ"] if told["battles_different"] else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[DAY] if DAY.is_file() else [])
    parser.add_argument("--evening-mails", type=int, default=6000, help="size of the invented evening without files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, nargs=2, default=(1.0, 4.0), metavar=("LEAST", "MOST"))
    chosen = parser.parse_args()
    told = soak(chosen.files, chosen.evening_mails, chosen.seed, tuple(chosen.pause))
    broken = faults(told)
    report("soak", told | {"source": chosen.files[0].name if chosen.files else "invented evening", "broken": broken})
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
