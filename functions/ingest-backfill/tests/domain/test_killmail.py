"""Plain reading gives what the models give, and the rules say what the poller's say."""

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.archive import unpack
from battlescope_schemas.killmail import Killmail, killmail_hash
from battlescope_schemas.reference import KillmailReference
from ingest_backfill.domain.chunk import prepare_chunk
from ingest_backfill.domain.killmail import SourceEntry, BackfilledKillmail, UnusableKillmail, _parse_with_models, parse_killmail
from ingest_backfill.domain.ruleset import Ruleset, apply_ruleset
from ingest_poll import ruleset as poller

SHARED = Path(__file__).parents[4] / "shared" / "data" / "killmails"
IDS = st.none() | st.sampled_from([0, 1_000_001, 2_000_001, 3_000_001, 90_000_001, 98_000_001, 99_000_001])
PARTY = {"character_id": IDS, "corporation_id": IDS, "alliance_id": IDS, "faction_id": st.none() | st.just(500_001)}


def bare(party: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in party.items() if value is not None}


BODIES = st.builds(
    lambda victim, attackers, system, at: {
        "killmail_id": 5,
        "killmail_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "solar_system_id": system,
        "victim": bare(victim),
        "attackers": [bare(attacker) for attacker in attackers],
    },
    st.fixed_dictionaries({**PARTY, "ship_type_id": st.just(587), "damage_taken": st.just(1)}),
    st.lists(
        st.fixed_dictionaries(
            {**PARTY, "final_blow": st.booleans(), "damage_done": st.integers(0, 9), "security_status": st.just(-0.5)}
        ),
        max_size=4,
    ),
    st.sampled_from([30000142, 31000005, 30000021, 32000001, 30100000]),
    st.datetimes(datetime(2008, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001  # printed as UTC
)
SETS = st.frozensets(st.sampled_from([1_000_001, 2_000_001, 90_000_001, 98_000_001, 99_000_001]), max_size=2)
RULES = st.fixed_dictionaries({
    "min_pilots": st.integers(1, 4), "tracked_alliance_ids": SETS, "tracked_corp_ids": SETS,
    "tracked_character_ids": SETS, "tracked_system_ids": st.frozensets(st.sampled_from([30000142, 31000005])),
    "tracked_security_types": st.frozensets(st.sampled_from(["highsec", "nullsec", "wormhole", "pochven"])),
    "ignore_unlisted": st.booleans(), "exclude_npc": st.booleans(),
})  # fmt: skip


def read_body(body: dict[str, Any], stated: str | None = None) -> BackfilledKillmail:
    raw = json.dumps(body).encode()
    return parse_killmail(SourceEntry(raw, stated), orjson.loads(raw))


@given(BODIES)
def test_plain_reading_gives_what_the_models_give(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    assert parse_killmail(SourceEntry(raw), json.loads(raw)) == _parse_with_models(SourceEntry(raw))


@given(BODIES, RULES)
def test_the_rules_say_what_the_pollers_say(body: dict[str, Any], rules: dict[str, Any]) -> None:
    ours = apply_ruleset(read_body(body), Ruleset(UUID(int=1), **rules))
    theirs = poller.apply_ruleset(Killmail.model_validate(body), poller.Ruleset(UUID(int=1), **rules)).rejection
    assert (ours.value if ours else None) == (theirs.value if theirs else None)


@pytest.mark.shared
def test_real_mails_of_a_day_are_read_plainly_and_fit_their_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    path = SHARED / "everef-2021-11-29.jsonl.gz"
    if not path.is_file():
        pytest.skip("../shared/data is absent: real mails are not part of the project")
    lines = gzip.decompress(path.read_bytes()).splitlines()
    for line in lines[:500]:
        assert parse_killmail(SourceEntry(line), orjson.loads(line)) == _parse_with_models(SourceEntry(line))
    monkeypatch.setattr("ingest_backfill.domain.killmail._general", lambda _: pytest.fail("not the plain way"))
    for line in lines:
        document = orjson.loads(line)
        assert parse_killmail(SourceEntry(line), document).hash == document["killmail_hash"]


def body_of(**changes: Any) -> dict[str, Any]:
    attacker = {"character_id": 90_000_001, "final_blow": True, "damage_done": 1, "security_status": 0}
    body = {
        "killmail_id": 5, "killmail_time": "2026-01-07T03:33:33Z", "solar_system_id": 30000142,
        "victim": {"ship_type_id": 587, "damage_taken": 1, "character_id": 90_000_002}, "attackers": [attacker],
    }  # fmt: skip
    return body | changes


@pytest.mark.parametrize("body", [
    {}, body_of(killmail_id=0), body_of(killmail_id="x"), body_of(killmail_time="soon"), body_of(victim=None),
    body_of(attackers=[3]), body_of(solar_system_id=2**63), body_of(victim={"ship_type_id": []}, attackers=1),
    {"package": None}, {"killmail_id": 5, "hash": "0" * 40},
])  # fmt: skip
def test_what_is_no_mail_is_a_sentence(body: dict[str, Any]) -> None:
    with pytest.raises(UnusableKillmail) as found:
        read_body(body)
    assert str(found.value).endswith(".")


def test_a_wrong_hash_is_found_whichever_way_it_is_stated() -> None:
    right = killmail_hash(Killmail.model_validate(body_of()))
    assert read_body(body_of(), right).hash == right
    for made in (lambda: read_body(body_of(), "0" * 40), lambda: read_body(body_of(killmail_hash="0" * 40))):
        with pytest.raises(UnusableKillmail, match="stated is"):
            made()


def test_an_envelope_of_the_feed_brings_its_value() -> None:
    body = body_of()
    stated = killmail_hash(Killmail.model_validate(body))
    mail = read_body({"killmail_id": 5, "hash": stated, "esi": body, "zkb": {"hash": stated, "totalValue": 12.345}})
    assert (mail.killmail_id, mail.isk_value) == (5, "12.35")


def test_a_chunk_says_what_the_contract_wants() -> None:
    mails = [read_body(body_of(killmail_id=n)) for n in (1, 2)] + [read_body(body_of(killmail_id=3, attackers=[]))]
    rules = Ruleset(UUID(int=1), 2)
    made = prepare_chunk("j", date(2026, 1, 7), 4, mails, rules)
    assert prepare_chunk("j", date(2026, 1, 7), 4, mails, rules) == made
    assert made.chunk_key.startswith("chunks/j/2026-01-07/0004-")
    assert [mail.killmail_id for mail, _ in made.rejected] == [3]
    lines = gzip.decompress(made.body).splitlines()
    references = [KillmailReference.model_validate_json(line) for line in lines]
    assert [line.decode() for line in lines] == [one.model_dump_json(exclude_none=True) for one in references]
    assert references[0].killmail_time == datetime(2026, 1, 7, 3, 33, 33, tzinfo=UTC)
    assert made.bundle is not None
    where = made.bundle.keys[1]
    assert references[1].archive_key == str(where)
    assert unpack(made.bundle.body[where.offset : where.offset + where.length]) == mails[1].raw


def test_what_the_ruleset_rejects_is_archived_too_and_not_told() -> None:
    """As live mails are: rules change, and sources go away."""
    mails = [read_body(body_of(killmail_id=n, attackers=[])) for n in (1, 2)]
    made = prepare_chunk("j", date(2026, 1, 7), 0, mails, Ruleset(UUID(int=1), 2))
    assert made.bundle is not None
    assert [line + b"\n" for line in unpack(made.bundle.body).splitlines()] == [mail.raw + b"\n" for mail in mails]
    assert (made.accepted, made.body, made.copy_rows) == ((), b"", b"")
