"""Live, backfilled, archived and replayed bytes are read alike: the same killmail, or the same refusal."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from battlescope_events.errors import PermanentError
from battlescope_local.replay.esi_killmail import ParsedKillmail
from battlescope_local.replay.esi_killmail import parse_killmail as parse_for_replay
from battlescope_local.testing.examples import examples
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail
from battlescope_schemas.reference import KillmailReference
from battlescope_upstream.killmail import killmail_hash
from ingest_backfill.domain.killmail import SourceEntry, parse_entry
from ingest_poll.feed.feed_file import FeedFile, parse_file
from killmail_enrich.handlers.killmail import read_archived_killmail
from killmail_enrich.valuation.shown_value import shown_value

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SEQUENCE = 7
ESI: dict[str, Any] = {
    "killmail_id": 9001,
    "killmail_time": "2026-01-07T03:33:33Z",
    "solar_system_id": 30_003_088,
    "victim": {"character_id": 95_000_001, "corporation_id": 98_000_001, "damage_taken": 1520, "ship_type_id": 593},
    "attackers": [
        {"character_id": 95_000_002, "damage_done": 1520, "final_blow": True, "security_status": -5},
        {"corporation_id": 1_000_134, "damage_done": 0, "final_blow": False, "ship_type_id": 11_196},
    ],
}
ENVELOPE = {"killmail_id": 9001, "hash": killmail_hash(ESI), "esi": ESI, "zkb": {"totalValue": 12.5, "points": 3}}
REFERENCE = KillmailReference(
    killmail_id=9001, zkb_hash=killmail_hash(ESI), killmail_time=NOW, system_id=1, zkb_url="u", archive_key="pack#0+1"
)


def live(body: bytes) -> ArchivedKillmail | str:
    file = parse_file(SEQUENCE, body, NOW)
    if not isinstance(file, FeedFile):
        return file.reason
    return file.killmail or file.refusal or "no killmail"


def backfilled(body: bytes) -> ArchivedKillmail | str:
    try:
        return parse_entry(SourceEntry(body), NOW)
    except InvalidKillmail as refusal:
        return str(refusal)


def archived(body: bytes) -> ArchivedKillmail | str:
    try:
        return read_archived_killmail(REFERENCE.killmail_id, REFERENCE.archive_key, body)
    except PermanentError as error:
        return str(error)


def replayed(body: bytes) -> ParsedKillmail | str:
    try:
        return parse_for_replay(body, NOW)
    except InvalidKillmail as refusal:
        return str(refusal)


def check(body: bytes) -> None:
    killmail = backfilled(body)
    if isinstance(killmail, str):
        refusals = (live(body), replayed(body))
        assert all(isinstance(refusal, str) for refusal in refusals)
        assert killmail == replayed(body)
        return
    assert live(body) == killmail
    if killmail.killmail_id == REFERENCE.killmail_id:
        assert archived(body) == killmail
    parsed = replayed(body)
    assert isinstance(parsed, ParsedKillmail)
    assert (parsed.killmail_id, parsed.time) == (killmail.killmail_id, int(killmail.killmail_time.timestamp()))
    shown = shown_value(killmail.zkb, None, has_hull=killmail.victim.ship_type_id != 0)
    assert parsed.value == (None if shown.total is None else float(shown.total))
    victim, attackers = killmail.victim, killmail.attackers
    assert parsed.victim == (
        victim.character_id, victim.corporation_id, victim.alliance_id, victim.faction_id, victim.ship_type_id
    )  # fmt: skip
    assert [(row[0], *row[4:]) for row in parsed.attackers] == [
        (a.character_id, a.ship_type_id, a.damage_done, a.final_blow) for a in attackers
    ]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(ESI).encode(),
        json.dumps(ENVELOPE).encode(),
        b"\xef\xbb\xbf" + json.dumps(ENVELOPE).encode(),
        json.dumps([ESI | {"zkb": ENVELOPE["zkb"]}]).encode(),
        json.dumps({"package": {"killID": 9001, "killmail": ESI}}).encode(),
        json.dumps(ENVELOPE | {"hash": "f" * 40}).encode(),
        json.dumps(ESI | {"killmail_time": "2026-12-01T00:00:00Z"}).encode(),
        json.dumps(ESI | {"killmail_time": "2001-12-01T00:00:00Z"}).encode(),
        json.dumps(ESI | {"attackers": [{"security_status": None}]}).encode(),
        json.dumps(ESI | {"victim": {"ship_type_id": 593.0}}).encode(),
        json.dumps(ENVELOPE | {"zkb": {"totalValue": -1, "points": None}}).encode(),
    ],
)
def test_paths_agree(body: bytes) -> None:
    check(body)


VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-1, 9) | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([2**63, 2**63 - 1, "2026-01-07T03:33:33Z", [], {}, [{}], {"ship_type_id": 1}])
)  # fmt: skip


@settings(max_examples=examples(100), deadline=None)
@given(
    st.dictionaries(st.sampled_from([*ESI, *ENVELOPE, "package", "killID"]), VALUES, max_size=3),
    st.dictionaries(st.sampled_from(["ship_type_id", "damage_taken", "character_id", "alliance_id"]), VALUES),
    st.sampled_from([ESI, ENVELOPE]),
)
def test_paths_agree_on_changed_killmails(
    changes: dict[str, Any], victim: dict[str, Any], document: dict[str, Any]
) -> None:
    check(json.dumps(document | {"victim": ESI["victim"] | victim} | changes).encode())


@settings(max_examples=examples(70), deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 40))
def test_paths_agree_on_damaged_bytes(junk: bytes, at: int, length: int) -> None:
    body = json.dumps(ENVELOPE).encode()
    check(body[:at] + junk + body[at + length :])
