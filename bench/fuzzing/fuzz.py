"""Mutated real killmails through the reader, and through the whole flow with whole killmails between them.

Nothing may crash, no whole killmail may be lost, and every file must end as a killmail, a placeholder or a dead letter.
"""

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import psycopg
from harness.report import report
from killmail_fuzzer import Fuzzer, envelope, seeds
from machine import BATTLES, INGESTION, KILLMAILS, Machine, upstream

from battlescope_local.node import daemon
from battlescope_local.node.simulated_upstreams import simulator_overrides
from battlescope_local.settings import Settings
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, NotJson, read_entries, read_killmail
from battlescope_upstream.simulation.universe import make_universe
from ingest_poll.feed.feed_file import parse_file
from ingest_poll.feed.feed_state import UnusableBody

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST: Final = 1_000  # sequence of the first file
NEIGHBOUR_EVERY: Final = 5  # files
MAX_UNUSABLE: Final = 0.02  # of the files: each costs the feed a pause, as it must
SYSTEMS: Final[list[int]] = sorted(system.system_id for system in make_universe(7).systems)  # of the simulated world
LACKING: Final = 30_000_142  # a system that it lacks
FIRST_ID: Final = 200_000_000
MAX_SENTENCE: Final = 1_000  # characters
LOGGED_FAULTS: Final = ("Traceback (most recent", "never retrieved", "Background task", '"level": "CRITICAL"')


def fuzz_reader(count: int, seed: int) -> dict[str, int]:
    """The outcomes of so many mutated killmails. An error that is no refusal ends the run."""
    fuzzer, bodies, outcomes = Fuzzer(seed), seeds(), Counter[str]()
    now = datetime.now(UTC)
    for number in range(count):
        body = bodies[number % len(bodies)]
        document = body if number % 2 else envelope(body, number)
        try:
            entries = read_entries(fuzzer.damaged(document), now=now)
        except NotJson:
            outcomes["no JSON"] += 1
        except InvalidKillmail as refusal:
            _check_sentence(str(refusal))
            outcomes["refused"] += 1
        else:
            outcomes["killmail" if entries else "placeholder"] += 1
            for entry in entries:
                if isinstance(entry, ArchivedKillmail) and read_killmail(entry.raw) != entry:
                    raise AssertionError(f"It reads otherwise a second time: {entry.raw!r}")
    return dict(outcomes)


def _check_sentence(sentence: str) -> None:
    if not sentence.endswith(".") or len(sentence) > MAX_SENTENCE or "\x00" in sentence or not sentence.encode():
        raise AssertionError(f"This is no sentence for an operator: {sentence!r}")


@dataclass
class FuzzedFeed:
    """A feed of mutated killmails with whole ones between them.

    A body that the reader would ask for again is answered once, then the whole one.
    """

    bodies: dict[int, list[bytes]] = field(default_factory=dict[int, list[bytes]])
    neighbours: set[int] = field(default_factory=set[int])
    has_poller: bool = False

    @classmethod
    def of(cls, count: int, seed: int) -> "FuzzedFeed":
        feed, fuzzer, bodies = cls(), Fuzzer(seed), seeds()
        unusable = int(count * MAX_UNUSABLE)
        for number in range(count):
            sequence = FIRST + number
            seed_body = bodies[number % len(bodies)]
            original: int = seed_body["solar_system_id"]
            system_id = SYSTEMS[original % len(SYSTEMS)]
            whole: dict[str, Any] = seed_body | {
                "killmail_id": FIRST_ID + number,
                "solar_system_id": LACKING if number % 10 == 1 else system_id,
            }
            body = json.dumps(envelope(whole, sequence)).encode()
            if number % NEIGHBOUR_EVERY == 0:
                feed.bodies[sequence] = [body]
                feed.neighbours.add(whole["killmail_id"])
                continue
            damaged = fuzzer.damaged(json.loads(body))
            while is_unusable(sequence, damaged) and not unusable:
                damaged = fuzzer.damaged(json.loads(body))
            unusable -= is_unusable(sequence, damaged)
            feed.bodies[sequence] = [damaged, body] if is_unusable(sequence, damaged) else [damaged]
        return feed

    @property
    def last(self) -> int:
        return max(self.bodies)

    def answer(self, name: str) -> bytes | None:
        """The body at this name; the first head is the first file, where a poller without a position begins."""
        if name == "sequence":
            head, self.has_poller = (self.last if self.has_poller else FIRST), True
            return json.dumps({"sequence": head}).encode()
        bodies = self.bodies.get(int(name))
        if bodies is None:
            return None
        return bodies.pop(0) if len(bodies) > 1 else bodies[0]


def is_unusable(sequence: int, body: bytes) -> bool:
    return isinstance(parse_file(sequence, body, datetime.now(UTC)), UnusableBody)


def serve(feed: FuzzedFeed) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = feed.answer(self.path.rpartition("/")[2].removesuffix(".json"))
            self.send_response(404 if body is None else 200)
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as the base class names it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def fuzz_flow(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """Figures of one run of the whole system on a feed of so many files."""
    feed = FuzzedFeed.of(count, seed)
    server = serve(feed)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    started_at = time.monotonic()
    with upstream("--evening", "7", "--mails", "10") as world:
        machine = Machine(folder, world)
        overrides: dict[str, Mapping[str, str]] = {"history": {"DATA_RETENTION_MONTHS": "1200"}}
        overrides |= simulator_overrides(world, {"upstreams": {"FEED_URL": address}})
        daemon.start(Settings(str(folder), port=0, overrides=overrides), lambda _phase, _seconds: None)
        try:
            wait_until_drained(machine, feed.last)
            figures = outcome(machine, feed, count)
        finally:
            machine.stop()
    server.shutdown()
    server.server_close()
    return figures | {"seconds": round(time.monotonic() - started_at)}


def wait_until_drained(machine: Machine, last: int, stall_seconds: float = 300) -> None:
    """Wait until every file is read and every event is processed.

    Raises:
        TimeoutError: nothing changed for `stall_seconds`.
    """
    state: Any = None
    changed_at, quiet = time.monotonic(), 0
    while quiet < 5:
        time.sleep(0.5)
        try:
            cursor = machine.rows(INGESTION, "SELECT last_sequence FROM ingestion_status")[0][0]
            now = (cursor, machine.counts(), machine.queues())
        except (psycopg.Error, httpx2.HTTPError):
            continue
        if now != state:
            state, changed_at = now, time.monotonic()
        counts, queues = now[1], now[2]
        is_drained = (
            (cursor or 0) > last
            and not any(queues.values())
            and not counts["ingestion_outbox"] + counts["battle_outbox"]
        )
        quiet = quiet + 1 if is_drained else 0
        if time.monotonic() - changed_at > stall_seconds:
            raise TimeoutError(f"Nothing changed for {stall_seconds:.0f} s: {state}.")


def outcome(machine: Machine, feed: FuzzedFeed, count: int) -> dict[str, Any]:
    seen = {row[0] for row in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_ids")}
    accepted = {row[0] for row in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_events")}
    enriched = {row[0] for row in machine.rows(KILLMAILS, "SELECT killmail_id FROM enriched_killmails")}
    waiting = {row[0] for row in machine.rows(KILLMAILS, "SELECT killmail_id FROM waiting_killmails")}
    clustered = {row[0] for row in machine.rows(BATTLES, "SELECT killmail_id FROM mails")}
    letters = machine.dead_letters(limit=2 * count)
    refused = machine.rows(INGESTION, "SELECT count(*) FROM refused_bodies")[0][0]
    others = [letter for letter in letters if letter["code"] is not None]
    errors = [line for log in sorted(machine.folder.rglob("*.log")) for line in _errors(log)]
    return {
        "files": count,
        "killmails": len(seen),
        "accepted": len(accepted),
        "refused": refused,
        "placeholders": count - len(seen) - refused,
        "waiting_for_static_data": len(waiting),
        "neighbours": len(feed.neighbours),
        "lost_neighbours": len(feed.neighbours - clustered),
        "accepted_not_enriched": len(accepted - enriched),
        "enriched_not_clustered": len(enriched - clustered - waiting),
        "refused_without_dead_letter": refused - (len(letters) - len(others)),
        "other_dead_letters": len(others),
        "server_errors": sum(letter["code"] >= 500 for letter in others),
        "errors_in_logs": len(errors),
        "battles": machine.rows(BATTLES, "SELECT count(*) FROM battles")[0][0],
        "examples": [letter["reason"] for letter in others[:3]] + errors[:3],
    }


def _errors(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [line[:500] for line in lines if any(text in line for text in LOGGED_FAULTS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reader", type=int, default=100_000, metavar="N", help="killmails through the reader")
    parser.add_argument("--flow", type=int, default=10_000, metavar="N", help="files through the whole flow")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"reader": fuzz_reader(arguments.reader, arguments.seed)}
    if arguments.flow:
        with tempfile.TemporaryDirectory() as folder:
            figures["flow"] = fuzz_flow(arguments.flow, arguments.seed, Path(folder))
    report("fuzz", figures)


if __name__ == "__main__":
    main()
