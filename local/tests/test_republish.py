"""Republished battles bring killmail-enrich to where all events of battles would have brought it.

Both functions run as processes. The test takes the place of the Broker, so that it can lose and delay events.
"""

import json
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx2
import psycopg
import pytest
from edit_builders import NOW, store_edit, store_republish_job
from enriched_builders import enriched_killmail

from battlescope_events.catalog import (
    BATTLE_DELETED,
    BATTLE_EDIT_REQUESTED,
    BATTLE_REPUBLISH_REQUESTED,
    BATTLES_CHANGED,
    KILLMAIL_ENRICHED,
)
from battlescope_events.messages import Message
from battlescope_local.testing.buckets import Bucket
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.processes import FunctionProcess
from battlescope_schemas.battle import BattleEditRequested, RepublishRequested
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
# `xmin` changes with every write of a row, also one that writes the same values.
BATTLES: Final = "SELECT battle_id, revision, xmin::text FROM battles ORDER BY battle_id"
MEMBERS: Final = "SELECT battle_id, killmail_id, xmin::text FROM battle_killmails ORDER BY battle_id, killmail_id"


class Ingress:
    """The Broker's ingress: keeps what is published until the test delivers it, or refuses it for a while."""

    def __init__(self) -> None:
        self.waiting: list[Message] = []
        self.is_available = True
        ingress = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if ingress.is_available:
                    ingress.waiting.append(Message({name.lower(): text for name, text in self.headers.items()}, body))
                self.send_response(202 if ingress.is_available else 503)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_request(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/battlescope/battles"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class System:
    """battle-cluster, killmail-enrich and the way of events between them."""

    ingress: Ingress
    cluster: FunctionProcess
    enrich: FunctionProcess
    battles: Database
    killmails: Database
    lost_types: set[str] = field(default_factory=set[str])

    def process(self, killmails: Iterable[EnrichedKillmail]) -> None:
        for killmail in killmails:
            key = str(killmail.killmail_id)
            self.send(self.cluster, KILLMAIL_ENRICHED.message(killmail, source="killmail-enrich", key=key, time=NOW))
        self.deliver()

    def edit(self, battle_id: str, kind: str, killmail_ids: list[int]) -> None:
        edit_id, version = store_edit(self.battles.owner, battle_id, kind, killmail_ids)
        payload = BattleEditRequested(edit_id=edit_id, battle_id=battle_id, version=version)
        self.send(self.cluster, BATTLE_EDIT_REQUESTED.message(payload, source="battle-api", key=edit_id, time=NOW))
        self.deliver()

    def republish_request(self) -> Message:
        job_id = store_republish_job(self.battles.owner)
        payload = RepublishRequested(job_id=job_id, part=0)
        return BATTLE_REPUBLISH_REQUESTED.message(payload, source="battle-api", key=f"{job_id}:0", time=NOW)

    def republish(self) -> None:
        self.send(self.cluster, self.republish_request())
        self.deliver()
        with psycopg.connect(self.battles.owner) as connection:
            assert connection.execute("SELECT DISTINCT status FROM republish_jobs").fetchall() == [("completed",)]

    def deliver(self) -> None:
        """Deliver what waits, and what it leads to, except lost types."""
        while self.ingress.waiting:
            message = self.ingress.waiting.pop(0)
            if message.type not in self.lost_types:
                self.send(self.cluster if message.type == BATTLE_REPUBLISH_REQUESTED.name else self.enrich, message)

    def send(self, function: FunctionProcess, message: Message) -> None:
        response = httpx2.post(function.url, headers=dict(message.headers), content=message.body, timeout=60)
        assert response.status_code == 204, f"{response.status_code}: {function.log()[-2000:]}"

    def membership(self) -> tuple[list[Any], list[Any]]:
        """The revision of each battle and its killmails, with the versions of the rows."""
        with psycopg.connect(self.killmails.owner) as connection:
            return connection.execute(BATTLES).fetchall(), connection.execute(MEMBERS).fetchall()

    def wipe(self) -> None:
        with psycopg.connect(self.killmails.owner) as connection:
            connection.execute("TRUNCATE battles, battle_killmails")


def contents(membership: tuple[list[Any], list[Any]]) -> tuple[Any, ...]:
    return tuple([row[:-1] for row in rows] for rows in membership)


@pytest.fixture
def system(
    databases: Databases, new_process: Callable[..., FunctionProcess], bucket: Bucket, valkey: str
) -> Generator[System]:
    ingress = Ingress()
    battles, killmails = databases.clone("battlescope_battles"), databases.clone("battlescope_killmails")
    common = bucket.environment() | {"K_SINK": ingress.url}
    cluster = new_process("battle_cluster.main:app", common | {"DATABASE_URL": battles.url("battle-cluster")})
    nowhere = dict.fromkeys(("ESI_URL", "SDE_URL", "MARKET_HISTORY_URL"), "http://127.0.0.1:9")
    enrich = new_process(
        "killmail_enrich.main:app",
        common | nowhere | {"DATABASE_URL": killmails.owner, "REDIS_URL": valkey, "USER_AGENT": "tests"},
    )
    for process in (cluster.start(), enrich.start()):
        process.wait_until_ready()
    yield System(ingress, cluster, enrich, battles, killmails)
    for process in (cluster, enrich):
        process.close()
    ingress.close()
    for database in (battles, killmails):
        databases.drop(database)


def fight(first_id: int, minute: float, kills: int = 2) -> list[EnrichedKillmail]:
    return [
        enriched_killmail(first_id + n, minute + n, (first_id + n, 1 + n % 2), [(first_id + n + 1, 2 - n % 2)])
        for n in range(kills)
    ]


def battle_ids(system: System) -> list[str]:
    with psycopg.connect(system.battles.owner) as connection:
        return [row[0] for row in connection.execute("SELECT id::text FROM battles ORDER BY start_time")]


def test_empty_consumer_ends_like_one_that_consumed_every_event(system: System) -> None:
    system.process([killmail for number in range(40) for killmail in fight(10 * number + 1, 60 * number, 3)])
    first, second, third = battle_ids(system)[:3]
    system.edit(first, "tag", [1, 11])  # merges the second battle into the first
    system.edit(third, "exclude", [21, 22])
    before = contents(system.membership())
    assert {(second, 3), (third, 3)} <= set(before[0])
    system.wipe()
    system.republish()
    assert contents(system.membership()) == before


def test_republishing_writes_nothing_where_nothing_was_missed(system: System) -> None:
    system.process([killmail for number in range(5) for killmail in fight(10 * number + 1, 60 * number)])
    system.edit(battle_ids(system)[0], "tag", [1, 11])
    before = system.membership()
    system.republish()
    assert system.membership() == before


@pytest.mark.parametrize("is_wiped", [True, False])
@pytest.mark.parametrize("change_is_first", [True, False])
def test_battle_that_changes_meanwhile_ends_with_its_latest_revision(
    system: System, *, is_wiped: bool, change_is_first: bool
) -> None:
    system.process(fight(1, 0))
    if is_wiped:
        system.wipe()
    system.send(system.cluster, system.republish_request())
    republished, system.ingress.waiting = system.ingress.waiting, []
    late = enriched_killmail(7, 3, (7, 1), [(8, 2)])
    system.send(system.cluster, KILLMAIL_ENRICHED.message(late, source="killmail-enrich", key="7", time=NOW))
    changes, system.ingress.waiting = system.ingress.waiting, []
    system.ingress.waiting = [*changes, *republished] if change_is_first else [*republished, *changes]
    system.deliver()
    (battle,) = battle_ids(system)
    assert contents(system.membership()) == ([(battle, 2)], [(battle, 1), (battle, 2), (battle, 7)])


def test_missed_deletions_are_learned(system: System) -> None:
    system.process([*fight(1, 0), *fight(11, 60), *fight(21, 120)])
    first, second, third = battle_ids(system)
    system.lost_types = {BATTLE_DELETED.name}
    system.edit(first, "tag", [1, 11])
    system.edit(third, "exclude", [21, 22])
    assert (third, 21) in contents(system.membership())[1]
    system.lost_types.clear()
    system.republish()
    expected = ([(first, 2), (second, 2), (third, 2)], [(first, killmail_id) for killmail_id in (1, 2, 11, 12)])
    assert contents(system.membership()) == tuple(map(sorted, expected))


def test_job_goes_on_after_a_kill_between_commit_and_publish(system: System) -> None:
    system.process(fight(1, 0))
    before = contents(system.membership())
    system.wipe()
    request = system.republish_request()
    system.ingress.is_available = False
    response = httpx2.post(system.cluster.url, headers=dict(request.headers), content=request.body, timeout=60)
    assert response.status_code == 503
    system.cluster.kill()
    system.ingress.is_available = True
    system.cluster.start().wait_until_ready()
    system.send(system.cluster, request)  # the Broker delivers it again
    types = [json.loads(message.body).get("part", message.type) for message in system.ingress.waiting]
    assert types == [BATTLES_CHANGED.name, 1]
    system.deliver()
    assert contents(system.membership()) == before
