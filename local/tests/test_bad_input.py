"""Invalid and unusual feed entries: each becomes an accepted killmail, or a dead letter with its reason."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from machine import BATTLES, INGESTION, KILLMAILS, Machine, upstream

from battlescope_events.catalog import KILLMAIL_INGESTED
from battlescope_local.node import daemon as background
from battlescope_local.node import state
from battlescope_local.node.simulated_upstreams import simulator_overrides
from battlescope_local.settings import Settings
from battlescope_schemas.killmail import MAX_DAMAGE, MAX_ID, MAX_ISK_VALUE
from battlescope_schemas.reference import KillmailReference
from battlescope_upstream.killmail import killmail_hash

pytestmark = pytest.mark.e2e
FIRST = 1000
UNUSABLE_ID = 999_999
SYSTEM, SHIP = 30_009_001, 587  # a system of the simulated world, and a Rifter


def attacker(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "character_id": 95_000_000 + number, "corporation_id": 98_000_001, "damage_done": 10, "final_blow": number == 1,
        "security_status": 0.1, "ship_type_id": SHIP, "weapon_type_id": 2889,
    } | fields  # fmt: skip


def esi(killmail_id: int, **fields: Any) -> dict[str, Any]:
    return {
        "killmail_id": killmail_id, "killmail_time": "2026-01-07T03:33:33Z", "solar_system_id": SYSTEM,
        "victim": {"character_id": 95_500_000, "corporation_id": 98_000_002, "damage_taken": 10, "ship_type_id": SHIP},
        "attackers": [attacker(1), attacker(2)],
    } | fields  # fmt: skip


def envelope(body: dict[str, Any], sequence: int, **fields: Any) -> bytes:
    try:
        own_hash = killmail_hash(body)
    except (KeyError, TypeError, ValueError):
        own_hash = "0" * 40
    whole = {
        "killmail_id": body.get("killmail_id"), "hash": own_hash, "esi": body, "sequence_id": sequence,
        "zkb": {"totalValue": 10_000.5, "points": 1, "hash": own_hash}, "uploaded_at": 1,
    }  # fmt: skip
    return json.dumps(whole | fields).encode()


OTHER_ZKB = {"totalValue": 77_777, "points": 7}
LARGEST_ZKB = {"totalValue": MAX_ISK_VALUE - 1, "points": 2**31 - 1}
ODD_ZKB = {"totalValue": "1,5", "points": 3_000_000_000, "npc": None, "labels": None, "solo": "maybe", "hash": None}


def largest(killmail_id: int) -> dict[str, Any]:
    """A killmail with the largest number that is accepted in every field but those that place it in a battle."""
    ids = dict.fromkeys(("alliance_id", "faction_id"), MAX_ID) | {"corporation_id": MAX_ID - 1}
    victim = ids | {"character_id": MAX_ID - killmail_id, "ship_type_id": SHIP, "damage_taken": MAX_DAMAGE}
    attackers = [
        ids | {"corporation_id": MAX_ID - 2, "alliance_id": MAX_ID - 3, "character_id": MAX_ID - 100 - number,
               "ship_type_id": MAX_ID, "weapon_type_id": MAX_ID, "damage_done": MAX_DAMAGE, "final_blow": number == 0}
        for number in range(3)
    ]  # fmt: skip
    return esi(killmail_id, victim=victim, attackers=attackers, killmail_time="2026-01-09T03:33:33Z")


FUTURE = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
# Feed entries and their outcome: None for an accepted killmail, else a part of the dead letter's reason.
CASES: list[tuple[str, Any, str | None]] = [
    ("good, then with another value", lambda n: [envelope(esi(1), n), envelope(esi(1), n, zkb=OTHER_ZKB)], None),
    ("half of a file, then the whole", lambda n: [envelope(esi(2), n)[:400], b"", envelope(esi(2), n)], None),
    ("missing time", lambda n: envelope({k: v for k, v in esi(3).items() if k != "killmail_time"}, n), "killmail_time"),
    ("missing victim", lambda n: envelope({k: v for k, v in esi(4).items() if k != "victim"}, n), "victim"),
    ("attackers of a wrong type", lambda n: envelope(esi(5, attackers="many"), n), "attackers"),
    ("system of a wrong type", lambda n: envelope(esi(6, solar_system_id="Jita"), n), "solar_system_id"),
    ("id beyond 64 bits", lambda n: envelope(esi(2**64), n), "killmail_id"),
    ("4 MB of padding", lambda n: envelope(esi(8, padding="x" * 4_000_000), n), None),
    ("3,753 attackers", lambda n: envelope(esi(9, attackers=[attacker(i) for i in range(1, 3754)]), n), None),
    ("system newer than the static data", lambda n: envelope(esi(10, solar_system_id=30_999_999), n), None),
    ("unknown ship", lambda n: envelope(esi(11, victim=esi(11)["victim"] | {"ship_type_id": 999_999_999}), n), None),
    ("time in the future", lambda n: envelope(esi(12, killmail_time=FUTURE), n), "future"),
    ("no attackers", lambda n: envelope(esi(13, attackers=[]), n), None),
    ("a list instead of an object", lambda _: b"[1, 2]", "JSON object"),
    ("hash of another body", lambda n: envelope(esi(15), n, hash="f" * 40), "hash"),
    ("every number at its largest", lambda n: envelope(largest(16), n, zkb=LARGEST_ZKB), None),
    ("another one in the same battle", lambda n: envelope(largest(17), n, zkb=LARGEST_ZKB), None),
    ("odd opinions of zKillboard", lambda n: envelope(esi(18), n, zkb=ODD_ZKB), None),
    ("good, last", lambda n: envelope(esi(19), n, sequence_updated=FIRST), None),
]  # fmt: skip


@pytest.fixture(scope="module")
def machine(nobodys_folder: Callable[[], Path]) -> Iterator[Machine]:
    bodies = {FIRST + i: make(FIRST + i) for i, (_, make, _) in enumerate(CASES)}

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2].removesuffix(".json")
            body = json.dumps({"sequence": FIRST}).encode() if name == "sequence" else bodies.get(int(name))
            if isinstance(body, list):  # one answer after the other
                body = body.pop(0) if len(body) > 1 else body[0]
            self.send_response(404 if body is None else 200)
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    feed = f"http://127.0.0.1:{server.server_address[1]}"
    with upstream("--evening", "7", "--mails", "10") as world:
        made = Machine(nobodys_folder() / "bad-input", world)
        overrides = simulator_overrides(world, {"upstreams": {"FEED_URL": feed}})
        background.start(Settings(str(made.folder), port=0, overrides=overrides), lambda _phase, _seconds: None)
        try:
            _publish_unusable_reference(made)
            _wait_until_all_are_processed(made)
            yield made
        finally:
            made.stop()
    server.shutdown()
    server.server_close()


def _publish_unusable_reference(machine: Machine) -> None:
    """An event that killmail-enrich rejects: its archive key is none."""
    node = state.read(machine.folder)
    assert node is not None
    reference = KillmailReference(
        killmail_id=UNUSABLE_ID, zkb_hash="0" * 40, killmail_time=datetime.now(UTC), system_id=SYSTEM, zkb_url="u",
        archive_key="nowhere",
    )  # fmt: skip
    message = KILLMAIL_INGESTED.message(reference, source="tests", key="unusable", time=datetime.now(UTC))
    headers = {**message.headers, "authorization": f"Bearer {node.token}"}
    response = httpx2.post(f"{node.internal_url}/brokers/battlescope/killmails", content=message.body, headers=headers)
    assert response.status_code == 202, response.text


def _wait_until_all_are_processed(machine: Machine) -> None:
    bad = sum(reason is not None for _, _, reason in CASES)
    for _ in range(900):
        counts = machine.counts()
        enriched = len(CASES) - bad - 1  # the ruleset rejects the killmail without attackers
        revalued = machine.rows(BATTLES, "SELECT count(*) FROM battle_revisions WHERE reason = 'value_changed'")
        if revalued != [(1,)]:
            time.sleep(0.1)
            continue
        if counts["enriched"] == counts["clustered"] + 1 == enriched and len(machine.dead_letters()) == bad + 1:
            return
        time.sleep(0.1)
    raise AssertionError(f"Some entries are not processed: {machine.counts()}, {machine.dead_letters()}")


def of_case(name: str) -> int:
    return next(FIRST + i for i, (case, _, _) in enumerate(CASES) if case == name)


@pytest.mark.parametrize("name", [name for name, _, reason in CASES if reason is None])
def test_unusual_killmail_is_accepted_or_rejected_by_the_ruleset_alone(machine: Machine, name: str) -> None:
    killmail_id = of_case(name) - FIRST + 1
    seen = {row[0] for row in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_ids")}
    accepted = {row[0] for row in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_events")}
    enriched = {row[0] for row in machine.rows(KILLMAILS, "SELECT killmail_id FROM enriched_killmails")}
    assert killmail_id in seen
    assert (killmail_id in accepted) == (name != "no attackers"), "the default ruleset requires two pilots"
    assert (killmail_id in enriched) == (killmail_id in accepted)


def test_killmail_in_a_new_system_waits_without_a_battle(machine: Machine) -> None:
    killmail_id = of_case("system newer than the static data") - FIRST + 1
    assert machine.rows(KILLMAILS, "SELECT killmail_id FROM waiting_killmails") == [(killmail_id,)]
    rows = machine.rows(KILLMAILS, "SELECT system_name FROM enriched_killmails WHERE system_id = 30999999")
    assert rows == [(None,)]


def test_largest_numbers_and_their_sums_fit_every_column(machine: Machine) -> None:
    totals = machine.rows(BATTLES, "SELECT max(total_isk_destroyed)::text FROM battles")
    assert totals == [(f"{2 * (MAX_ISK_VALUE - 1)}.00",)]
    damage = machine.rows(BATTLES, "SELECT max(damage_done), max(damage_received) FROM battle_participants")
    assert damage == [(2 * MAX_DAMAGE, 3 * MAX_DAMAGE)]
    assert machine.rows(KILLMAILS, "SELECT max(zkb_points), max(victim_alliance_id) FROM enriched_killmails") == [
        (2**31 - 1, MAX_ID)
    ]


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for name, _, reason in CASES if reason])
def test_invalid_entry_is_dead_lettered_with_its_reason(machine: Machine, name: str, reason: str) -> None:
    # The sequence of a rejected entry, or the id of a killmail that failed.
    subjects = {str(of_case(name)), str(of_case(name) - FIRST + 1)}
    (letter,) = [letter for letter in machine.dead_letters() if letter["subject"] in subjects]
    assert reason in letter["reason"]


def test_no_other_event_is_dead_lettered(machine: Machine) -> None:
    assert len(machine.dead_letters()) == sum(reason is not None for _, _, reason in CASES) + 1


def test_dead_letter_leads_to_the_log_line_of_the_function_that_rejected_it(machine: Machine) -> None:
    letters = map(json.loads, command(machine, "dead-letters", "--json", "--limit", "1000"))
    letter = next(letter for letter in letters if letter["code"] == 422)
    assert json.loads(letter["payload"])["killmailId"] == letter["subject"] == str(UNUSABLE_ID)
    function = letter["destination"].rpartition("/services/")[2].partition("/")[0].partition(".")[0]
    for some_id in (letter["id"], letter["traceId"]):
        lines = [line for line in command(machine, "logs", "--id", some_id) if line.startswith(f"{function}: ")]
        assert any(letter["reason"] in line for line in lines), lines
    position = f"    event {letter['id']}, trace {letter['traceId']}, record {letter['record']}"
    assert position in command(machine, "dead-letters", "--limit", "1000")
    assert letter["record"] == "{knativekafkapartition}/{knativekafkaoffset}".format(**letter["attributes"])


def test_another_value_of_the_feed_reaches_killmail_battle_and_sides(machine: Machine) -> None:
    assert machine.rows(
        KILLMAILS, "SELECT zkb_total_value::text, zkb_points FROM enriched_killmails WHERE killmail_id = 1"
    ) == [("77777.00", 7)]
    assert machine.rows(BATTLES, "SELECT isk_value::text FROM battle_killmails WHERE killmail_id = 1") == [
        ("77777.00",)
    ]
    totals = """
    SELECT total_isk_destroyed = (SELECT sum(isk_value) FROM battle_killmails WHERE battle_id = battles.id),
        total_isk_destroyed = (SELECT sum(isk_lost) FROM battle_sides WHERE battle_id = battles.id)
    FROM battles
    """
    assert set(machine.rows(BATTLES, totals)) == {(True, True)}


def test_letter_is_replayed_in_vain_and_then_discarded_with_a_note(machine: Machine) -> None:
    letter = next(letter for letter in machine.dead_letters() if letter["subject"] == str(UNUSABLE_ID))
    (group,) = [line for line in command(machine, "dead-letters", "groups") if "no archive key" in line]
    assert group.split()[0] == "1"
    replay = run_command(machine, "dead-letters", "replay", letter["name"])
    assert (replay.returncode, replay.stdout.splitlines()[-1]) == (1, "0 of 1 dead letters are resolved.")
    assert "fails again" in replay.stdout
    assert run_command(machine, "dead-letters", "discard", letter["name"]).returncode == 1, "without a note"
    discarded = command(machine, "dead-letters", "discard", "--reason", "no archive key", "--note", "a test")
    assert discarded[-1] == "1 of 1 dead letters are resolved."
    assert letter["name"] not in {open_letter["name"] for open_letter in machine.dead_letters()}
    shown = command(machine, "dead-letters", "show", letter["name"])
    assert shown[0].endswith("[discarded: a test]")


def run_command(machine: Machine, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "battlescope_local.cli", *arguments, "--data", str(machine.folder)]
    return subprocess.run(words, check=False, capture_output=True, text=True)


def command(machine: Machine, *arguments: str) -> list[str]:
    done = run_command(machine, *arguments)
    done.check_returncode()
    return done.stdout.splitlines()
