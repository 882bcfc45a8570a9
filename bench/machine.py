"""The whole system on this machine for benchmarks: simulated upstreams, a node, and queries of its state."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import httpx2
import psycopg

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_local.log.port import Record
from battlescope_local.log.sqlite_schema import SELECT_NEWEST, connect, record_from_row
from battlescope_local.node import daemon, state
from battlescope_local.node.simulated_upstreams import simulator_overrides
from battlescope_local.settings import UPSTREAMS_CONFIG_MAP, S3Access, Settings
from battlescope_local.stores.s3 import BUCKET

COUNTING_PAUSE = 20
"""Times the duration of a count until the next one: counting 100,000 rows takes PostgreSQL a tenth of a second."""
MAX_OBJECT_BYTES = 256 * 1024 * 1024
INGESTION, KILLMAILS, BATTLES = "battlescope_ingestion", "battlescope_killmails", "battlescope_battles"
COUNTS: dict[str, tuple[tuple[str, ...], LiteralString]] = {
    INGESTION: (
        ("seen", "accepted", "rejected", "ingestion_outbox"),
        """SELECT (SELECT count(*) FROM killmail_ids), (SELECT count(*) FROM killmail_events),
          (SELECT count(*) FROM rejected_killmails), (SELECT count(*) FROM outbox_messages)""",
    ),
    KILLMAILS: (("enriched",), "SELECT count(*) FROM enriched_killmails"),
    BATTLES: (
        ("clustered", "battle_outbox"),
        "SELECT (SELECT count(*) FROM mails), (SELECT count(*) FROM outbox_messages)",
    ),
}


@contextmanager
def upstream(*arguments: str) -> Generator[str]:
    """The simulated upstreams as a child process; yields their URL."""
    command = [sys.executable, "-m", "battlescope_upstream", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101  # stdout is a pipe
            yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        finally:
            process.terminate()


@dataclass
class Machine:
    """One data folder and its node. Without `timers` no timer events are sent.

    upstreams: values of that ConfigMap beside the addresses of the simulator.
    """

    folder: Path
    upstream_url: str
    timers: bool = True
    upstreams: Mapping[str, str] = field(default_factory=dict[str, str])
    # Opened once: a client for each question took 30 ms for its TLS context, a connection 10 ms for its login.
    _client: httpx2.Client | None = field(default=None, init=False, repr=False)
    _connections: dict[str, psycopg.Connection] = field(
        default_factory=dict[str, psycopg.Connection], init=False, repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def start(self) -> str:
        """Start the node; returns the URL of the gateway."""
        # The real days are older than any installation's retention.
        simulated = simulator_overrides(self.upstream_url, {UPSTREAMS_CONFIG_MAP: self.upstreams})
        overrides = {"history": {"DATA_RETENTION_MONTHS": "1200"}, **simulated}
        settings = Settings(str(self.folder), port=0, timers=self.timers, overrides=overrides)
        return daemon.start(settings, lambda _phase, _seconds: None)

    def stop(self) -> None:
        running = state.read(self.folder)
        if running is not None:
            self._request(running, "POST", "/node/stop")
        self._close()
        while state.read(self.folder) is not None:
            time.sleep(0.05)

    def status(self) -> dict[str, Any]:
        running = state.read(self.folder)
        if running is None:
            raise LookupError("The node is not running.")
        return self._request(running, "GET", "/node/status").json()

    def queues(self) -> dict[str, int]:
        """Queued and in-flight events by Trigger."""
        running = state.read(self.folder)
        if running is None:
            raise LookupError("The node is not running.")
        queues = self._request(running, "GET", "/node/queues").json()
        return {queue["trigger"]: queue["lag"] + queue["in_flight"] for queue in queues}

    def dead_letters(self, limit: int = 1000) -> list[dict[str, Any]]:
        running = state.read(self.folder)
        return self._request(running, "GET", f"/node/dead-letters?limit={limit}").json() if running else []

    def pid(self) -> int | None:
        running = state.read(self.folder)
        return running.pid if running else None

    def connection(self, database: str) -> psycopg.Connection:
        """As the superuser."""
        secrets = json.loads((self.folder / "secrets.json").read_text())
        return psycopg.connect(
            host="127.0.0.1", port=secrets["port-postgres"], user="postgres", dbname=database,
            password=secrets["password-postgres"], connect_timeout=2,
        )  # fmt: skip

    def rows(self, database: str, query: LiteralString) -> list[tuple[Any, ...]]:
        with self._lock:
            kept = self._connections.pop(database, None)
            if kept is not None:
                with suppress(psycopg.OperationalError):  # PostgreSQL was restarted since
                    return self._kept_rows(database, kept, query)
            connection = self.connection(database)
            connection.autocommit = True
            return self._kept_rows(database, connection, query)

    def _kept_rows(self, database: str, connection: psycopg.Connection, query: LiteralString) -> list[tuple[Any, ...]]:
        """Keep the connection if it answers."""
        try:
            rows = connection.execute(query).fetchall()
        except psycopg.Error:
            connection.close()
            raise
        self._connections[database] = connection
        return rows

    def latest_event(self, event_type: str) -> Record:
        """The latest event of this type in the Broker's log."""
        with closing(connect(self.folder / "log" / "log.sqlite3")) as log:
            for row in log.execute(SELECT_NEWEST, ("knative-broker-battlescope-killmails", 1000)):
                record = record_from_row(row).record
                if dict(record.headers).get("ce_type") == event_type.encode():
                    return record
        raise LookupError(f"The log contains no event of type {event_type}.")

    def event_types(self) -> list[str]:
        """The type of every event in the logs of the Brokers."""
        with closing(connect(self.folder / "log" / "log.sqlite3")) as log:
            rows = log.execute("SELECT headers FROM records").fetchall()
        return [dict(json.loads(headers))["ce_type"] for (headers,) in rows]

    def counts(self) -> dict[str, int]:
        """Number of killmails at each stage; one query per database, so that counting does not slow the system down."""
        counts: dict[str, int] = {}
        for database, (names, query) in COUNTS.items():
            counts |= zip(names, self.rows(database, query)[0], strict=True)
        return counts

    def archive_objects(self) -> dict[str, bytes]:
        """The content of every archived object by its key."""
        return asyncio.run(objects(self._bucket(), "raw-killmails/"))

    def live_batch_count(self) -> int:
        """Number of passes of the feed that were published as one event."""
        with closing(connect(self.folder / "log" / "log.sqlite3")) as log:
            query = "SELECT headers, value FROM records WHERE topic = 'knative-broker-battlescope-killmails'"
            return sum(
                dict(json.loads(headers))["ce_type"] == KILLMAIL_INGESTED.name and b'"chunkKey"' in value
                for headers, value in log.execute(query)
            )

    def _bucket(self) -> BucketClient:
        secrets = json.loads((self.folder / "secrets.json").read_text())
        access = S3Access(f"http://127.0.0.1:{secrets['port-s3']}", "battlescope", secrets["password-s3"])
        return BucketClient(access.bucket(BUCKET))

    def _request(self, running: state.NodeState, method: str, path: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {running.token}"}
        with self._lock:
            client = self._client = self._client or httpx2.Client(timeout=20)
        return client.request(method, f"{running.internal_url}{path}", headers=headers).raise_for_status()

    def _close(self) -> None:
        with self._lock:
            while self._connections:
                self._connections.popitem()[1].close()
            client, self._client = self._client, None
        if client:
            client.close()


async def objects(bucket: BucketClient, prefix: str) -> dict[str, bytes]:
    """The content of every object with this prefix by its key."""
    keys = [stored.key async for page in bucket.list_pages(prefix) for stored in page]
    return {key: await bucket.get(key, max_bytes=MAX_OBJECT_BYTES) for key in keys}


def is_finished(counts: dict[str, int], killmail_count: int) -> bool:
    """Whether every killmail has passed all stages."""
    all_processed = counts["accepted"] == counts["enriched"] == counts["clustered"]
    outbox = counts["ingestion_outbox"] + counts["battle_outbox"]
    return counts["seen"] >= killmail_count and all_processed and not outbox


def wait_until_finished(
    machine: Machine, killmail_count: int, on_progress: Callable[[dict[str, int]], None], stall: float = 180
) -> None:
    """Wait until every killmail has passed all stages; `on_progress` gets the counts after each change.

    Raises:
        TimeoutError: the counts did not change for `stall` seconds.
    """
    last: dict[str, int] = {}
    changed_at = time.monotonic()
    while not is_finished(last, killmail_count) if last else True:
        began_at = time.monotonic()
        try:
            counts = machine.counts()
        except psycopg.Error:
            counts = last
        if counts != last:
            last, changed_at = counts, time.monotonic()
            on_progress(counts)
        if time.monotonic() - changed_at > stall:
            raise TimeoutError(f"The counts did not change for {stall:.0f} s: {last}.")
        time.sleep(max(0.25, COUNTING_PAUSE * (time.monotonic() - began_at)))


def upstream_killmail_count(upstream_url: str) -> int:
    """Number of killmails in the simulated upstreams."""
    return int(httpx2.get(f"{upstream_url}/control/state").json()["mails"])


def replay_arguments(files: Sequence[Path], simulated_killmails: int) -> list[str]:
    """Options to replay these files with the static data beside them, or a simulated feed if there are no files."""
    if files:
        static_data = sorted(files[0].parents[1].glob("sde/*.zip"))
        return ["--killmails", *map(str, files), *(f"--sde={archive}" for archive in static_data)]
    return ["--evening", "7", "--mails", str(simulated_killmails)]
