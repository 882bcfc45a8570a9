"""The one reader: every format of a killmail, what it refuses, and what it accepts without the odd part."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw
from msgspec.structs import FieldInfo, fields

from battlescope_local.testing.examples import examples
from battlescope_schemas.killmail import (
    MAX_ATTACKERS,
    MAX_DAMAGE,
    NO_ZKB_VALUES,
    ArchivedKillmail,
    Attacker,
    InvalidKillmail,
    KillmailStub,
    NotJson,
    Victim,
    preferred,
    read_entries,
    read_killmail,
)
from battlescope_upstream.killmail import killmail_hash

PROJECT = Path(__file__).parents[2]
SHARED = PROJECT.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: real killmails are not ours")

ESI: dict[str, Any] = {
    "killmail_id": 9001,
    "killmail_time": "2026-01-07T03:33:33Z",
    "solar_system_id": 30003088,
    "victim": {"character_id": 95000001, "corporation_id": 98000001, "damage_taken": 1520, "ship_type_id": 593},
    "attackers": [
        {"character_id": 95000002, "corporation_id": 98000002, "damage_done": 1520, "final_blow": True,
         "security_status": -5, "ship_type_id": 11196, "weapon_type_id": 2889},
        {"corporation_id": 1000134, "damage_done": 0, "final_blow": False, "security_status": 0.0},
    ],
}  # fmt: skip
HASH = killmail_hash(ESI)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ZKB: dict[str, Any] = {"hash": HASH, "totalValue": 6012510.59, "points": 7, "npc": False}
WITH_BODY: dict[str, Any] = {
    "R2Z2": {"killmail_id": 9001, "hash": HASH, "esi": ESI, "zkb": ZKB, "uploaded_at": 1, "sequence_id": 2},
    "RedisQ until 2025-11": {"package": {"killID": 9001, "killmail": ESI, "zkb": ZKB}},
    "stored package": {"killID": 9001, "killmail": ESI, "zkb": ZKB},
    "package whose body has no id": {
        "killID": 9001, "zkb": ZKB, "killmail": {k: v for k, v in ESI.items() if k != "killmail_id"},
    },
    "zKillboard REST": [ESI | {"zkb": ZKB}],
    "EVE Ref": ESI | {"killmail_hash": HASH, "http_last_modified": "2026-01-07T04:00:00Z"},
    "bare ESI body": ESI,
}  # fmt: skip


def as_bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def read(document: Any) -> ArchivedKillmail:
    return read_killmail(as_bytes(document), now=NOW)


@pytest.mark.parametrize("shape", WITH_BODY)
def test_every_format_with_a_body_gives_the_same_killmail(shape: str) -> None:
    raw = as_bytes(WITH_BODY[shape])
    (killmail,) = read_entries(raw, now=NOW)
    assert isinstance(killmail, ArchivedKillmail)
    assert (killmail.killmail_id, killmail.hash) == (9001, HASH)
    assert (killmail.solar_system_id, len(killmail.attackers)) == (30003088, 2)
    assert killmail.killmail_time == datetime(2026, 1, 7, 3, 33, 33, tzinfo=UTC)
    assert killmail.raw == (raw[1:-1] if raw.startswith(b"[") else raw)
    has_zkb = "zkb" in raw.decode()
    assert (killmail.isk_value, killmail.points) == ((Decimal("6012510.59"), 7) if has_zkb else (None, 0))


@pytest.mark.parametrize(
    "body",
    [
        {"package": {"killID": 9001, "zkb": ZKB | {"href": "https://esi.evetech.net/killmails/9001/x/"}}},
        [{"killmail_id": 9001, "zkb": ZKB}],
        {"killmail_id": None, "killID": 9001, "hash": HASH, "esi": None},
    ],
)
def test_formats_without_a_body_give_id_and_hash(body: Any) -> None:
    assert read_entries(as_bytes(body)) == (KillmailStub(9001, HASH),)
    with pytest.raises(InvalidKillmail, match="1 entries instead of one killmail with its body"):
        read_killmail(as_bytes(body))


@pytest.mark.parametrize(
    "body",
    [
        {"package": None},
        [],
        {"killmail_id": None, "hash": None, "esi": None, "zkb": {"href": "https://esi.evetech.net/killmails///"}},
    ],
)
def test_empty_response_gives_no_killmail(body: Any) -> None:
    assert read_entries(as_bytes(body)) == ()


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ESI.items() if key != name}


def victim(**changes: Any) -> dict[str, Any]:
    return ESI | {"victim": ESI["victim"] | changes}


def first_attacker(**changes: Any) -> dict[str, Any]:
    return ESI | {"attackers": [ESI["attackers"][0] | changes, ESI["attackers"][1]]}


def zkb(**changes: Any) -> dict[str, Any]:
    return ESI | {"zkb": ZKB | changes}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (as_bytes(ESI)[:-40], "not JSON"),
        (as_bytes(ESI) + b"{}", "not JSON"),
        (json.dumps(ESI).encode("utf-16"), "not UTF-8"),
        (json.dumps(ESI | {"note": "é"}, ensure_ascii=False).encode("latin-1"), "not UTF-8"),
        (as_bytes(victim(damage_taken=float("nan"))), "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"esi":' * 50_000, "not JSON"),
        (b'{"package":' * 500 + b"null" + b"}" * 500, "package: it holds another package"),
        (as_bytes(ESI).replace(b"{", b'{"note": "\\ud800",', 1), "not JSON"),
        (b"17", "no JSON object"),
        (b'"text"', "no JSON object"),
        (b"null", "no JSON object"),
        (b"[[]]", "no JSON object"),
        (b'{"esi": 7, "killmail_id": 7}', "killmail 7 is no JSON object"),
        (b"{}", "its id None is no killmail id"),
        (as_bytes({"killmail_id": 1}), "neither body nor a valid hash"),
        (as_bytes({"killmail_id": 1, "hash": HASH.upper()}), "neither body nor a valid hash"),
        (as_bytes({"killmail_id": "1", "hash": HASH}), "no killmail id"),
        (as_bytes({"killmail_id": [1], "hash": HASH}), "of type list is no killmail id"),
        (as_bytes({"killmail_id": 10**30, "hash": HASH}), "of type int is no killmail id"),
        (as_bytes({"killmail_id": 1, "hash": HASH, "esi": ESI}), "has the id 1, its killmail the id 9001"),
        (as_bytes({"killmail_id": True, "esi": ESI | {"killmail_id": 1}}), "has the id True, its killmail the id 1"),
        (as_bytes({"killmail_id": 9001.0, "esi": ESI}), r"has the id 9001\.0"),
        (as_bytes(ESI | {"killmail_hash": "f" * 40}), "does not match its hash"),
        (as_bytes({"killmail_id": 9001, "hash": "f" * 40, "esi": ESI, "zkb": ZKB}), "does not match its hash"),
        (b'{"killmail_id": "\\ud800", "esi": {}}', "not JSON"),
        *(
            (as_bytes(document), field)
            for name in ("victim", "attackers", "killmail_time", "solar_system_id")
            for document, field in (
                (without(name), "neither body" if name == "victim" else name),
                (ESI | {name: None}, name),
            )
        ),
        *(
            (as_bytes(make(wrong)), field)
            for wrong in ("7", 7.0, 7.5, True, -1, 2**63, 10**40, [7], {"id": 7})
            for field, make in (
                ("killmail_id", lambda value: ESI | {"killmail_id": value}),
                ("solar_system_id", lambda value: ESI | {"solar_system_id": value}),
                ("victim.ship_type_id", lambda value: victim(ship_type_id=value)),
                ("victim.character_id", lambda value: victim(character_id=value)),
                ("victim.damage_taken", lambda value: victim(damage_taken=value)),
                ("attackers.*corporation_id", lambda value: first_attacker(corporation_id=value)),
                ("attackers.*weapon_type_id", lambda value: first_attacker(weapon_type_id=value)),
                ("attackers.*damage_done", lambda value: first_attacker(damage_done=value)),
            )
        ),
        (as_bytes(ESI | {"killmail_id": 0}), "killmail_id"),
        (as_bytes(victim(ship_type_id=None)), "victim.ship_type_id"),
        (as_bytes(victim(damage_taken=MAX_DAMAGE + 1)), "victim.damage_taken"),
        (as_bytes(first_attacker(damage_done=None)), "attackers.*damage_done"),
        (as_bytes(first_attacker(final_blow=None)), "attackers.*final_blow"),
        (as_bytes(first_attacker(final_blow=1)), "attackers.*final_blow"),
        (as_bytes(ESI | {"attackers": [7]}), "attackers"),
        (as_bytes(ESI | {"attackers": {}}), "attackers"),
        (as_bytes(ESI | {"attackers": [{}] * (MAX_ATTACKERS + 1)}), "attackers"),
        *(
            (as_bytes(ESI | {"killmail_time": time}), "killmail_time")
            for time in (
                *(7, 1.5, "", "soon", "2026-01-07", "07/01/2026 03:33", "2026-13-01T00:00:00Z", "20260107T033333Z"),
                *("2026-01-07T24:00:01Z", "2003-05-05T23:59:59Z", "1970-01-01T00:00:00Z", "2026-11-02T00:00:01Z"),
                *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
            )
        ),
    ],
)
def test_body_is_refused_with_a_sentence_that_names_the_field(body: bytes, says: str) -> None:
    with pytest.raises(InvalidKillmail, match=says) as refusal:
        read_killmail(body, now=NOW)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert len(sentence.encode()) < 500


@pytest.mark.parametrize(
    "document",
    [
        as_bytes(ESI | {"war_id": "x", "moon_id": -1, "position": None, "http_last_modified": 7, "labels": {}}),
        as_bytes(first_attacker(security_status=None)),
        as_bytes(first_attacker(security_status="high")),
        as_bytes(victim(position=[])),
        as_bytes(victim(alliance_id=None, faction_id=None)),
        as_bytes(ESI | {"killmail_hash": None}),
        as_bytes(ESI | {"killmail_hash": ""}),
        as_bytes(ESI | {"killmail_hash": 7, "hash": []}),
        as_bytes({"killmail_id": 9001, "esi": ESI, "hash": HASH, "zkb": ZKB | {"hash": None}}),
        *(as_bytes(ESI | {"zkb": odd}) for odd in (None, [], 5, "x", True, {"hash": 7}, {"totalValue": {}})),
        as_bytes(ESI | {"killmail_time": "2026-01-07T03:33:33"}),
        as_bytes(ESI | {"killmail_time": "2026-01-07 03:33:33z"}),
        as_bytes(ESI | {"killmail_time": "2026-01-07T03:33:33.999999Z"}),
        as_bytes(ESI | {"killmail_time": "2026-01-07T05:03:33+01:30"}),
        b"\xef\xbb\xbf" + as_bytes(ESI),
        b" \r\n" + as_bytes(ESI) + b"\n",
        as_bytes(ESI).replace(b"{", b'{"killmail_id": 5,', 1),  # of a repeated key the last counts
    ],
)
def test_odd_parts_are_absent_or_converted(document: bytes) -> None:
    killmail, plain = read_killmail(document, now=NOW), read(ESI)
    assert killmail.raw == document
    for name in ("killmail_id", "hash", "killmail_time", "solar_system_id", "victim", "attackers"):
        assert getattr(killmail, name) == getattr(plain, name), name


@pytest.mark.parametrize(
    ("changes", "value", "points"),
    [
        ({}, "6012510.59", 7),
        ({"totalValue": 191585667614.45}, "191585667614.45", 7),
        ({"totalValue": 12.345}, "12.35", 7),
        ({"totalValue": 5}, "5.00", 7),
        ({"totalValue": -0.0}, "0.00", 7),
        *(({"totalValue": odd}, None, 7) for odd in (-1, "1,5", "9.99", True, None, 1e14, 1e300, 10**400, [1], {})),
        *(({"points": odd}, "6012510.59", 0) for odd in (1.5, None, "7", True, 3_000_000_000, -(2**31) - 1, 10**40)),
        ({"points": -2}, "6012510.59", -2),
        ({"labels": None, "npc": None, "solo": "maybe", "awox": 7}, "6012510.59", 7),
    ],
)
def test_odd_opinion_of_zkillboard_is_unknown(changes: dict[str, Any], value: str | None, points: int) -> None:
    killmail = read(zkb(**changes))
    assert (str(killmail.isk_value) if killmail.isk_value is not None else None, killmail.points) == (value, points)


def test_every_value_of_zkillboard_is_read_on_its_own() -> None:
    values = read(zkb(fittedValue=3082647.63, droppedValue="x", destroyedValue=-1)).zkb
    assert values == (Decimal("6012510.59"), Decimal("3082647.63"), None, None)
    assert read(ESI).zkb == NO_ZKB_VALUES


@pytest.mark.parametrize("items", ["[]", "null", '"x"', '[{"flag": "x", "items": null}]', "[" * 200 + "]" * 200])
def test_items_are_kept_as_they_are(items: str) -> None:
    text = as_bytes(victim(items=7)).replace(b'"items": 7', b'"items": ' + items.encode())
    kept = read_killmail(text, now=NOW).victim.items
    assert isinstance(kept, Raw)
    assert bytes(kept).decode() == items


def test_number_beyond_floats_in_an_opinion_is_unknown() -> None:
    killmail = read_killmail(as_bytes(zkb()).replace(b"6012510.59", b"1e400"), now=NOW)
    assert (killmail.isk_value, killmail.points) == (None, 7)


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"<html>", b"\xff", b"\x00", as_bytes(ESI)[:400], as_bytes(ESI)[:-1],
        as_bytes(ESI) + b"{}", b"[" * 100_000,
        json.dumps(ESI).encode("utf-16"), as_bytes(victim(damage_taken=float("inf"))),
    ],
)  # fmt: skip
def test_text_that_is_no_json_is_told_apart_from_json_that_is_no_killmail(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_entries(body)


@pytest.mark.parametrize("document", [{}, [7], "text", 7, ESI | {"victim": None}, ESI | {"hash": "f" * 40}])
def test_json_that_is_no_killmail_would_be_refused_again(document: Any) -> None:
    with pytest.raises(InvalidKillmail) as refusal:
        read_entries(as_bytes(document))
    assert not isinstance(refusal.value, NotJson)


def test_of_two_readings_of_one_id_the_order_does_not_decide() -> None:
    plain, valued, dearer = read(ESI), read(zkb(totalValue=5)), read(zkb(totalValue=6))
    older = read(ESI | {"killmail_time": "2026-01-07T03:33:32Z", "zkb": {"totalValue": 1}})
    other = read(victim(character_id=95000009))
    for first, second, counts in (
        (plain, valued, valued),
        (valued, dearer, dearer),
        (dearer, older, older),
        (plain, other, min(plain, other, key=lambda killmail: killmail.hash)),
    ):
        assert preferred(first, second) is preferred(second, first) is counts


def test_missing_damage_and_final_blow_are_zero_and_false() -> None:
    killmail = read(ESI | {"attackers": [{}], "victim": {"ship_type_id": 587}})
    assert (killmail.victim.damage_taken, killmail.attackers[0].damage_done) == (0, 0)
    assert not killmail.attackers[0].final_blow


PARTIES = {
    Victim: lambda changes: changed_party("victim", changes),
    Attacker: lambda changes: changed_party("attackers", changes),
}
FIELDS = [(struct, field) for struct in PARTIES for field in fields(struct) if field.name != "items"]


def changed_party(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The killmail with these values in its victim or its first attacker; `UNSET` removes a field."""
    party = (ESI["victim"] if name == "victim" else ESI["attackers"][0]) | changes
    party = {key: value for key, value in party.items() if value is not UNSET}
    return ESI | {name: party if name == "victim" else [party, ESI["attackers"][1]]}


@pytest.mark.parametrize(("struct", "field"), FIELDS, ids=lambda value: getattr(value, "name", None))
def test_every_field_of_a_party_may_be_missing_or_null_only_where_it_is_optional(struct: Any, field: FieldInfo) -> None:
    make = PARTIES[struct]
    for value, is_accepted in ((UNSET, not field.required), (None, field.default is None)):
        document = make({field.name: value})
        if not is_accepted:
            with pytest.raises(InvalidKillmail, match=field.name):
                read(document)
            continue
        killmail = read(document)
        party = killmail.victim if struct is Victim else killmail.attackers[0]
        assert getattr(party, field.name) == field.default


@pytest.mark.parametrize(("struct", "field"), FIELDS, ids=lambda value: getattr(value, "name", None))
def test_every_number_of_a_party_is_bounded(struct: Any, field: FieldInfo) -> None:
    if field.name == "final_blow":
        return
    make, largest = PARTIES[struct], MAX_DAMAGE if "damage" in field.name else 2**63 - 1
    for accepted in (0, largest):
        assert read(make({field.name: accepted}))
    for odd in (-1, largest + 1, "7", 7.5, True, [], {}):
        with pytest.raises(InvalidKillmail, match=field.name):
            read(make({field.name: odd}))


def test_time_is_compared_with_now_only_where_it_is_given() -> None:
    later = as_bytes(ESI | {"killmail_time": "2026-11-02T00:00:01Z"})
    assert read_killmail(later).killmail_time == NOW + timedelta(days=1, seconds=1)
    assert read_killmail(later, now=NOW + timedelta(seconds=1))


def test_listed_hash_must_match_the_body() -> None:
    assert read_killmail(as_bytes(ESI), listed_hash=HASH).hash == HASH
    with pytest.raises(InvalidKillmail, match="does not match its hash: stated is 'f"):
        read_killmail(as_bytes(ESI), listed_hash="f" * 40)


def test_entries_of_a_list_are_read_one_by_one() -> None:
    body = as_bytes([ESI | {"zkb": ZKB}, {"package": None}, {"killmail_id": 5, "zkb": {"hash": HASH}}])
    first, second = read_entries(body)
    assert isinstance(first, ArchivedKillmail)
    assert read_killmail(first.raw) == first
    assert second == KillmailStub(5, HASH)
    with pytest.raises(InvalidKillmail, match="2 entries instead of one"):
        read_killmail(as_bytes([ESI, ESI]))


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(2**62, 2**70) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["2026-01-07T03:33:33Z", HASH, "0001-01-01T00:00:00+14:00", "7"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
PATHS: list[tuple[str | int, ...]] = [
    *((name,) for name in ("killmail_id", "killID", "killmail_time", "solar_system_id", "victim", "attackers", "esi")),
    *((name,) for name in ("killmail", "package", "zkb", "hash", "killmail_hash", "war_id")),
    *(("victim", name) for name in ("ship_type_id", "damage_taken", "character_id", "alliance_id", "items")),
    *(("attackers", 0, name) for name in ("damage_done", "final_blow", "character_id", "security_status")),
    *(("zkb", name) for name in ("hash", "totalValue", "points", "npc", "labels")),
]


def mutated(
    document: dict[str, Any], path: tuple[str | int, ...], change: Callable[[Any, Any], None]
) -> dict[str, Any]:
    """A copy, changed at the path if the path still exists."""
    copy = json.loads(json.dumps(document))
    try:
        inner = copy
        for key in path[:-1]:
            inner = inner[key]
        change(inner, path[-1])
    except (KeyError, TypeError, IndexError, AttributeError):
        return copy
    return copy


@st.composite
def mutated_bodies(draw: st.DrawFn) -> bytes:
    """A killmail in some format, with a few of its fields replaced or removed, and perhaps with other bytes."""
    document: Any = ESI | {"zkb": ZKB}
    for path in draw(st.lists(st.sampled_from(PATHS), max_size=4)):
        value = draw(ODD)
        if draw(st.booleans()):
            document = mutated(document, path, lambda inner, key: inner.pop(key))
        else:
            document = mutated(document, path, lambda inner, key, value=value: inner.__setitem__(key, value))
    wrap = draw(st.sampled_from([lambda d: d, lambda d: [d], lambda d: {"package": d},
                                 lambda d: {"killmail_id": 9001, "hash": HASH, "esi": d, "zkb": ZKB}]))  # fmt: skip
    body = json.dumps(wrap(document), ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    if draw(st.booleans()):
        return body
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(max_size=3)) + body[at + draw(st.integers(0, 3)) :]


def check_killmail(killmail: ArchivedKillmail) -> None:
    """Every value fits its column, and the killmail is the one that its raw bytes hold."""
    ids = [killmail.killmail_id, killmail.solar_system_id]
    for party in (killmail.victim, *killmail.attackers):
        ids += [party.character_id, party.corporation_id, party.alliance_id, party.faction_id, party.ship_type_id]
    assert all(entity_id is None or (type(entity_id) is int and 0 <= entity_id < 2**63) for entity_id in ids)
    assert all(type(attacker.final_blow) is bool for attacker in killmail.attackers)
    assert killmail.killmail_time.tzinfo is UTC
    assert killmail.killmail_time.microsecond == 0
    assert killmail.isk_value is None or 0 <= killmail.isk_value < 10**14
    assert -(2**31) <= killmail.points < 2**31
    assert read_killmail(killmail.raw, now=NOW) == killmail


@settings(max_examples=examples(200), deadline=None)
@given(mutated_bodies() | st.binary(max_size=200) | ODD.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_killmails_or_a_refusal_with_a_sentence(body: bytes) -> None:
    try:
        entries = read_entries(body, now=NOW)
    except InvalidKillmail as refusal:
        sentence = str(refusal)
        assert sentence.endswith(".")
        assert len(sentence) < 1_000
        assert sentence.encode()
        assert "\x00" not in sentence
        return
    for entry in entries:
        assert 0 < entry.killmail_id < 2**63
        if isinstance(entry, ArchivedKillmail):
            check_killmail(entry)


def test_ids_keep_their_precision() -> None:
    assert read(ESI | {"killmail_id": 2**53 + 1}).killmail_id == 2**53 + 1


def test_killmail_with_thousands_of_attackers_is_accepted() -> None:
    assert len(read(ESI | {"attackers": ESI["attackers"] * (MAX_ATTACKERS // 2)}).attackers) == MAX_ATTACKERS


@pytest.mark.shared
@needs_shared
def test_hash_formula_matches_a_real_day() -> None:
    checked = 0
    with gzip.open(SHARED / "killmails" / "everef-2021-11-30.jsonl.gz") as lines:
        for line in lines:
            assert read_killmail(line, now=NOW).hash == json.loads(line)["killmail_hash"]
            checked += 1
    assert checked == 11_721


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize("name", ["shrike-corpus", "ocn-zkb"])
def test_unusual_real_killmails_are_read(name: str) -> None:
    with gzip.open(SHARED / "killmails" / f"{name}.jsonl.gz") as lines:
        assert all(read_killmail(line).attackers for line in lines)


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize(
    ("file", "killmails"),
    [
        ("r2z2/aa-killstats_zkb_r2d2.json", 1), ("r2z2/shrike_900001.json", 1),
        ("redisq/aa-killstats_zkb_redis.json", 3),
        ("zkb/api_kills_seb-odessa.json", 200), ("zkb/api_region_MoldenHeath.json", 175),
        ("esi/aa-srp_esi_killmail.json", 1),
    ],
)  # fmt: skip
def test_recorded_responses_are_read(file: str, killmails: int) -> None:
    assert len(read_entries((SHARED / "fixtures" / file).read_bytes())) == killmails
