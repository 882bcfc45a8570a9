"""The whole system on this machine, for measurements: an upstream stand-in of its own, a node, and looks inside."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import boto3
import httpx2
import psycopg
from botocore.config import Config

from battlescope_local.log.port import Record
from battlescope_local.log.sqlite_schema import SELECT_NEWEST, connect, record_from_row
from battlescope_local.node import daemon, state
from battlescope_local.node.simulated_upstreams import simulator_overrides
from battlescope_local.settings import S3Access, Settings
from battlescope_local.stores.s3 import BUCKET

INGESTION, KILLMAILS, BATTLES = "battlescope_ingestion", "battlescope_killmails", "battlescope_battles"
COUNTS: dict[str, tuple[tuple[str, ...], LiteralString]] = {
    INGESTION: (
        ("seen", "accepted", "rejected", "unsaid"),
        """SELECT (SELECT count(*) FROM killmail_ids), (SELECT count(*) FROM killmail_events),
          (SELECT count(*) FROM rejected_killmails), (SELECT count(*) FROM outbox)""",
    ),
    KILLMAILS: (("enriched",), "SELECT count(*) FROM enriched_killmails"),
    BATTLES: (("clustered", "untold"), "SELECT (SELECT count(*) FROM mails), (SELECT count(*) FROM outbox)"),
}


@contextmanager
def upstream(*arguments: str) -> Generator[str]:
    """The outside world as a process of ours; gives its address."""
    command = [sys.executable, "-m", "battlescope_upstream", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101  # a pipe was asked for
            yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        finally:
            process.terminate()


@dataclass
class Machine:
    """One data folder and the node that works in it."""

    folder: Path
    world: str
    timers: bool = True

    def start(self) -> str:
        """Start the node and give the gateway's address."""
        # The real days grow older than any installation keeps them.
        overrides = {"history": {"DATA_RETENTION_MONTHS": "1200"}, **simulator_overrides(self.world, {})}
        settings = Settings(str(self.folder), port=0, timers=self.timers, overrides=overrides)
        return daemon.start(settings, lambda _phase, _seconds: None)

    def stop(self) -> None:
        running = state.read(self.folder)
        if running is None:
            return
        self._ask(running, "POST", "/node/stop")
        while state.read(self.folder) is not None:
            time.sleep(0.05)

    def status(self) -> dict[str, Any]:
        running = state.read(self.folder)
        if running is None:
            raise LookupError("No node runs.")
        return self._ask(running, "GET", "/node/status").json()

    def queues(self) -> dict[str, int]:
        """How many events each Trigger has before it or under way."""
        running = state.read(self.folder)
        if running is None:
            raise LookupError("No node runs.")
        told = self._ask(running, "GET", "/node/queues").json()
        return {one["trigger"]: one["lag"] + one["in_flight"] for one in told}

    def dead_letters(self, limit: int = 1000) -> list[dict[str, Any]]:
        running = state.read(self.folder)
        return self._ask(running, "GET", f"/node/dead-letters?limit={limit}").json() if running else []

    def pid(self) -> int | None:
        running = state.read(self.folder)
        return running.pid if running else None

    def rows(self, database: str, query: LiteralString) -> list[tuple[Any, ...]]:
        remembered = json.loads((self.folder / "secrets.json").read_text())
        with psycopg.connect(
            host="127.0.0.1", port=remembered["port-postgres"], user="postgres", dbname=database,
            password=remembered["password-postgres"], connect_timeout=2,
        ) as connection:  # fmt: skip
            return connection.execute(query).fetchall()

    def recorded(self, kind: str) -> Record:
        """An event of this type out of the log, as it went through the Broker."""
        with closing(connect(self.folder / "log" / "log.sqlite3")) as log:
            for row in log.execute(SELECT_NEWEST, ("knative-broker-battlescope-killmails", 1000)):
                record = record_from_row(row).record
                if dict(record.headers).get("ce_type") == kind.encode():
                    return record
        raise LookupError(f"No {kind} is in the log.")

    def counts(self) -> dict[str, int]:
        """How far every mail is; one question a database, since whoever watches must not slow down what it watches."""
        found: dict[str, int] = {}
        for database, (names, query) in COUNTS.items():
            found |= zip(names, self.rows(database, query)[0], strict=True)
        return found

    def packs(self) -> Iterator[tuple[str, bytes]]:
        """Every archived object and its bytes."""
        remembered = json.loads((self.folder / "secrets.json").read_text())
        access = S3Access(f"http://127.0.0.1:{remembered['port-s3']}", "battlescope", remembered["password-s3"])
        yield from objects(access, BUCKET, "raw-killmails/")

    def _ask(self, running: state.NodeState, method: str, path: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {running.token}"}
        return httpx2.request(method, f"{running.internal_url}{path}", headers=headers, timeout=20).raise_for_status()


def objects(access: S3Access, bucket: str, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Every object below a prefix: its key and its bytes."""
    make: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # ships no types
    client = make(
        "s3", endpoint_url=access.endpoint, region_name=access.region, aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key, config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"], client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()


def finished(counts: dict[str, int], mails: int) -> bool:
    """Whether every mail has gone all the way."""
    through = counts["accepted"] == counts["enriched"] == counts["clustered"]
    return counts["seen"] >= mails and through and not counts["unsaid"] and not counts["untold"]


def wait_until_finished(
    machine: Machine, mails: int, tell: Callable[[dict[str, int]], None], stall: float = 180
) -> None:
    """Watch until every mail has gone all the way.

    Raises:
        TimeoutError: nothing moved for `stall` seconds.
    """
    last: dict[str, int] = {}
    moved = time.monotonic()
    while not finished(last, mails) if last else True:
        try:
            counts = machine.counts()
        except psycopg.Error:
            counts = last
        if counts != last:
            last, moved = counts, time.monotonic()
            tell(counts)
        if time.monotonic() - moved > stall:
            raise TimeoutError(f"Nothing moved for {stall:.0f} s: {last}.")
        time.sleep(0.25)


def mails_in(world: str) -> int:
    """How many mails the world holds."""
    return int(httpx2.get(f"{world}/control/state").json()["mails"])


def replay_arguments(files: Sequence[Path], evening_mails: int) -> list[str]:
    """The given killmail files, with the static data that lies beside them, or an invented evening."""
    if files:
        static_data = sorted(files[0].parents[1].glob("sde/*.zip"))
        return ["--killmails", *map(str, files), *(f"--sde={archive}" for archive in static_data)]
    return ["--evening", "7", "--mails", str(evening_mails)]
