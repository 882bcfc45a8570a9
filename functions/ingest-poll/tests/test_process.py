"""The real process, as the manifest runs it: uvicorn, settings from the environment, ticks over HTTP, kills."""

import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

pytestmark = [pytest.mark.postgres, pytest.mark.stores]


class Process:
    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self._process: subprocess.Popen[bytes] | None = None
        self._port = reserved_port()
        self.url = ""

    def start(self, die_at: str | None = None) -> None:
        self._port.close()
        self._port = reserved_port()
        port = self._port.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        target = ["--app-dir", str(Path(__file__).parent), "dying:app"] if die_at else ["ingest_poll.main:app"]
        command = [sys.executable, "-m", "uvicorn", *target, "--port", str(port), "--no-access-log"]
        environment = {**os.environ, **self._environment, "DIE_AT": die_at or ""}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        for _ in range(1200):
            assert self._process.poll() is None, "The function ended while starting."
            with suppress(OSError):
                urllib.request.urlopen(f"{self.url}/health/readiness", timeout=5).read()
                return
            time.sleep(0.05)
        pytest.fail(f"The function did not start: {self._log.read_text()[-3000:]}")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()
        self._port.close()

    def tick(self) -> Thread:
        thread = Thread(target=tick, args=(self.url,), daemon=True)
        thread.start()
        return thread

    def died(self) -> int:
        assert self._process
        return self._process.wait(timeout=120)


def reserved_port() -> socket.socket:
    """Keeps a port, without listening, for a process that listens on it: nobody else gets it in between."""
    keeping = socket.socket()
    keeping.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeping.bind(("127.0.0.1", 0))
    return keeping


def tick(url: str) -> int | None:
    headers = {
        "ce-specversion": "1.0",
        "ce-type": "dev.knative.sources.ping",
        "ce-source": "/apis/v1/namespaces/battlescope/pingsources/ingest-poll",
        "ce-id": str(uuid4()),
        "content-type": "application/json",
    }
    request = urllib.request.Request(url, data=b"{}", headers=headers, method="POST")
    with suppress(OSError):
        return urllib.request.urlopen(request, timeout=60).status
    return None


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    made = Process(environment, tmp_path / "log")
    try:
        yield made
    finally:
        made.close()


def until(true: Callable[[], object], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if true():
            return True
        time.sleep(0.02)
    return False


def fill(scene: Any, count: int) -> dict[int, set[bytes]]:
    """A feed of mails, with a placeholder, a refused body and a repeated mail among them; the good ones back."""
    mails, world = scene.mails, scene.world
    good = {sequence: {mails.file(sequence)} for sequence in range(100, 100 + count)}
    world.files = {sequence: mails.answer(*bodies) for sequence, bodies in good.items()}
    again = mails.envelope(109, mails.killmail(1108))
    placeholder = b'{"killmail_id":null,"hash":null,"esi":null,"sequence_id":105}'
    for sequence, body in ((105, placeholder), (107, b"{}"), (109, again)):
        world.files[sequence] = mails.answer(body)
        del good[sequence]
    good[108].add(again)
    world.head = 100
    return good


def end_lease(scene: Any) -> None:
    """As if the time had passed that the dead run's lease still blocks its successor."""
    scene.do("UPDATE ingestion_status SET lease_until = now() - interval '1 second'")


def finish(scene: Any, process: Process, count: int) -> None:
    """A run in peace until everything is filed and said."""
    end_lease(scene)
    process.start()
    process.tick()
    done = f"SELECT last_sequence = {100 + count} AND NOT EXISTS (SELECT FROM outbox) FROM ingestion_status"
    assert until(lambda: scene.value(done), 120)


def assert_nothing_lost(scene: Any, good: dict[int, set[bytes]]) -> None:
    world = scene.world
    told, refused = world.heard_of("killmail.ingested"), world.heard_of("killmail.refused")
    assert sorted(told) == sorted(str(1000 + sequence) for sequence in good)
    assert len(set(world.ids_heard)) == len(good) + 1  # with the refusal; what was said twice was the same event
    for sequence, bodies in good.items():
        assert scene.archived(told[str(1000 + sequence)]["archiveKey"]) in bodies
    assert scene.archived(refused["107"]["archiveKey"]) == b"{}"
    filed = scene.rows("SELECT killmail_id FROM killmail_events ORDER BY 1")
    assert [row[0] for row in filed] == [1000 + sequence for sequence in sorted(good)]
    sums = "SELECT sum(received), sum(accepted), sum(duplicate), sum(refused) FROM ingestion_stats_hourly"
    assert scene.rows(sums) == [(len(good) + 2, len(good), 1, 1)]


POINTS = (
    "ingest_poll.feed_client:Reader.batch:after",
    "ingest_poll.archive_client:Archive.put:before",
    "ingest_poll.archive_client:Archive.put:after",
    "ingest_poll.store:Transaction.claim:after",
    "ingest_poll.store:Transaction.say:after",
    "ingest_poll.store:Transaction.reread:after",
    "ingest_poll.handler:Poller._commit:after",
    "battlescope_events.publisher:Sink.__call__:before",
    "battlescope_events.publisher:Sink.__call__:after",
    "ingest_poll.store:Store.forget:before",
    "ingest_poll.store:Store.forget:after",
)


@pytest.mark.parametrize("point", POINTS)
def test_a_death_at_any_point_loses_and_doubles_nothing(point: str, process: Process, scene: Any) -> None:
    good = fill(scene, 20)
    process.start(die_at=point)
    process.tick()
    assert process.died() == 9
    process.kill()
    finish(scene, process, 20)
    assert_nothing_lost(scene, good)


def test_kills_at_random_lose_and_double_nothing(scene: Any, tmp_path: Path) -> None:
    good, chance = fill(scene, 300), random.Random(7)
    process = Process(scene.environment | {"FEED_MAX_RATE": "150"}, tmp_path / "log")
    try:
        for _ in range(5):
            end_lease(scene)
            process.start()
            process.tick()
            time.sleep(chance.uniform(0.1, 0.6))
            process.kill()
        finish(scene, process, 300)
    finally:
        process.close()
    assert_nothing_lost(scene, good)


def test_the_next_tick_takes_over_when_the_lease_is_free(process: Process, scene: Any) -> None:
    scene.world.files = {100: scene.mails.answer(scene.mails.file(100))}
    process.start()
    first = process.tick()
    assert until(lambda: len(scene.world.heard) == 1, 120)
    holder = scene.value("SELECT lease_holder FROM ingestion_status")
    process.tick()

    def is_taken_over() -> bool:
        end_lease(scene)  # again and again: the first run renews it with all it files, and may just have
        return scene.value("SELECT lease_holder FROM ingestion_status") not in {holder, None}

    assert until(is_taken_over, 120)
    assert until(lambda: not first.is_alive(), 120)  # whoever lost the lease ends by itself
    scene.world.files[101] = scene.mails.answer(scene.mails.file(101))
    assert until(lambda: len(scene.world.heard) == 2, 120)
