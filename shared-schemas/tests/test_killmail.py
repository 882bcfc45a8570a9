"""Every format of a killmail, and bodies that are no killmail."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.killmail import InvalidKillmail, killmail_hash, read_raw

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
HASH = "0123456789abcdef0123456789abcdef01234567"
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


@pytest.mark.parametrize("shape", WITH_BODY)
def test_every_format_with_a_body_gives_the_same_killmail(shape: str) -> None:
    (raw,) = read_raw(json.dumps(WITH_BODY[shape]).encode())
    assert raw.killmail is not None
    assert (raw.killmail_id, raw.killmail.solar_system_id, len(raw.killmail.attackers)) == (9001, 30003088, 2)
    assert raw.hash == (killmail_hash(raw.killmail) if shape == "bare ESI body" else HASH)


@pytest.mark.parametrize(
    "body",
    [
        {"package": {"killID": 9001, "zkb": ZKB | {"href": "https://esi.evetech.net/killmails/9001/x/"}}},
        [{"killmail_id": 9001, "zkb": ZKB}],
    ],
)
def test_formats_without_a_body_give_id_and_hash(body: Any) -> None:
    (raw,) = read_raw(json.dumps(body).encode())
    assert (raw.killmail_id, raw.hash, raw.killmail) == (9001, HASH, None)


@pytest.mark.parametrize(
    "body",
    [
        {"package": None},
        [],
        {"killmail_id": None, "hash": None, "esi": None, "zkb": {"href": "https://esi.evetech.net/killmails///"}},
    ],
)
def test_empty_response_gives_no_killmail(body: Any) -> None:
    assert read_raw(json.dumps(body).encode()) == ()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"17", "JSON object"),
        (b'"text"', "JSON object"),
        (b"{}", "has the id None"),
        (json.dumps(ESI | {"solar_system_id": "Jita"}).encode(), "solar_system_id"),
        (json.dumps({k: v for k, v in ESI.items() if k != "killmail_time"}).encode(), "killmail_time"),
        (json.dumps(ESI | {"attackers": None}).encode(), "attackers"),
        (json.dumps(ESI | {"attackers": [7]}).encode(), "attackers.0"),
        (json.dumps(ESI | {"killmail_id": 2**63}).encode(), "killmail_id"),
        (json.dumps(ESI | {"killmail_id": 1.5}).encode(), "killmail_id"),
        (json.dumps(ESI | {"victim": ESI["victim"] | {"ship_type_id": -1}}).encode(), "ship_type_id"),
        (json.dumps({"killmail_id": 1, "hash": HASH, "esi": ESI}).encode(), "its killmail the id 9001"),
        (json.dumps({"killmail_id": 1}).encode(), "neither body nor hash"),
        (json.dumps(ESI | {"killmail_time": "0001-01-01T00:00:00+14:00"}).encode(), "outside of the calendar"),
        (b'{"killmail_id": "\\ud800", "esi": {}}', "killmail_id"),
    ],
)
def test_invalid_body_is_rejected_with_its_reason(body: bytes, says: str) -> None:
    with pytest.raises(InvalidKillmail, match=says) as refusal:
        read_raw(body)
    assert str(refusal.value).encode()


KEYS = st.sampled_from(["killmail_id", "esi", "zkb", "package", "victim"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_reader_never_crashes(body: bytes) -> None:
    try:
        entries = read_raw(body)
    except InvalidKillmail:
        return
    assert all(entry.killmail_id > 0 for entry in entries)


def test_ids_and_values_keep_their_precision() -> None:
    (raw,) = read_raw(
        json.dumps(ESI | {"killmail_id": 2**53 + 1, "zkb": ZKB | {"totalValue": 191585667614.45}}).encode()
    )
    assert raw.killmail_id == 2**53 + 1
    assert str(raw.zkb.total_value) == "191585667614.45"


def test_killmail_with_thousands_of_attackers_is_accepted() -> None:
    (raw,) = read_raw(json.dumps(ESI | {"attackers": ESI["attackers"] * 5_000}).encode())
    assert raw.killmail is not None
    assert len(raw.killmail.attackers) == 10_000


@pytest.mark.shared
@needs_shared
def test_hash_formula_matches_a_real_day() -> None:
    checked = 0
    with gzip.open(SHARED / "killmails" / "everef-2021-11-30.jsonl.gz") as lines:
        for line in lines:
            (raw,) = read_raw(line)
            assert raw.killmail is not None
            assert killmail_hash(raw.killmail) == json.loads(line)["killmail_hash"]
            checked += 1
    assert checked == 11_721


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize("name", ["shrike-corpus", "ocn-zkb"])
def test_unusual_real_killmails_are_read(name: str) -> None:
    with gzip.open(SHARED / "killmails" / f"{name}.jsonl.gz") as lines:
        assert all(len(read_raw(line)) == 1 for line in lines)


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize(
    ("file", "killmails"),
    [
        ("r2z2/aa-killstats_zkb_r2d2.json", 1), ("r2z2/shrike_900001.json", 1), ("redisq/aa-killstats_zkb.json", 1),
        ("redisq/aa-killstats_zkb_redis.json", 3),
        ("zkb/api_kills_seb-odessa.json", 200), ("zkb/api_region_MoldenHeath.json", 175),
        ("esi/aa-srp_esi_killmail.json", 1),
    ],
)  # fmt: skip
def test_recorded_responses_are_read(file: str, killmails: int) -> None:
    assert len(read_raw((SHARED / "fixtures" / file).read_bytes())) == killmails
