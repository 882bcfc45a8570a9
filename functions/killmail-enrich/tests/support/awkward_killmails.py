"""Raw killmails of every format: awkward invented ones, and real ones where available."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from battlescope_schemas.killmail import InvalidKillmail, read_entries
from battlescope_upstream.killmail import killmail_hash

ROOT = Path(__file__).parents[4]
SHARED = ROOT.parent / "shared" / "data" / "killmails"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: no real killmails here")
PILOT, CORPORATION, ALLIANCE, MILITIA = 90000001, 98000001, 99000001, 500001
BODY: dict[str, Any] = {
    "killmail_id": 7,
    "killmail_time": "2026-11-01T20:00:00Z",
    "solar_system_id": 30000001,
    "victim": {"ship_type_id": 587, "character_id": PILOT, "corporation_id": CORPORATION, "damage_taken": 12},
    "attackers": [
        {"character_id": 90000002, "corporation_id": CORPORATION, "ship_type_id": 35832, "weapon_type_id": 3,
         "final_blow": False},
        {"corporation_id": 1000125, "faction_id": MILITIA, "final_blow": True, "damage_done": 12},
    ],
}  # fmt: skip
HASH = killmail_hash(BODY)


def awkward_bodies() -> Iterator[dict[str, Any]]:
    """Bodies that a reader may refuse, or accept without their odd parts."""
    yield BODY
    yield BODY | {"killmail_id": "7"}
    yield BODY | {"killmail_id": 7.0}
    yield BODY | {"killmail_id": True}
    yield BODY | {"killmail_id": None, "killID": 7}
    yield BODY | {"killmail_id": 2**64}
    yield BODY | {"package": None}
    yield {"package": BODY}
    for time in (
        "2026-11-01T20:00:00.25Z",
        "2026-11-01T20:00:00",
        "2026-11-01T22:30:00+02:30",
        1793563200,
        "0001-01-01",
    ):
        yield BODY | {"killmail_time": time}
    yield BODY | {"attackers": []}
    yield BODY | {"attackers": [{}, {"ship_type_id": 0, "character_id": 0}, {"damage_done": 2**40}]}
    yield BODY | {"attackers": [{"damage_done": 5, "final_blow": True, "security_status": None}, {"weapon_type_id": 1}]}
    yield BODY | {"attackers": [{"faction_id": None, "character_id": 90000002, "alliance_id": ALLIANCE}] * 3}
    yield BODY | {"victim": {"ship_type_id": 587, "damage_taken": 2**40, "items": [{"flag": None}]}}
    yield BODY | {"attackers": [{}, {"ship_type_id": 0, "character_id": 0}, {"damage_done": 2**70}]}
    yield BODY | {"attackers": [{"damage_done": "5", "final_blow": "true"}, {"damage_done": -3, "final_blow": 1}]}
    yield BODY | {"attackers": [{"character_id": 2**63 - 1, "corporation_id": 2**31, "alliance_id": ALLIANCE}]}
    yield BODY | {"victim": {"ship_type_id": 0}}
    yield BODY | {"victim": {"ship_type_id": 424242, "alliance_id": ALLIANCE, "faction_id": MILITIA}}
    yield BODY | {"victim": {"ship_type_id": 35832, "corporation_id": 1000125, "items": [{"item_type_id": "\ud800"}]}}
    for zkb in ({}, None, {"totalValue": 1234.565, "points": 3}, {"total_value": "9.995"}, {"totalValue": 1e30}, [], 5):
        yield BODY | {"zkb": zkb}
    yield {"killmail_id": 7, "hash": HASH, "esi": BODY, "zkb": {"totalValue": -0.001, "points": -2}}
    yield {"killID": 7, "killmail": BODY, "zkb": {"hash": HASH}}


def awkward_killmails() -> Iterator[bytes]:
    yield from (json.dumps(body).encode() for body in awkward_bodies())
    yield json.dumps(BODY).encode("utf-16")
    yield b"\xef\xbb\xbf" + json.dumps(BODY).encode()
    yield json.dumps([BODY]).encode()
    yield json.dumps([BODY, BODY]).encode()
    yield from (b"", b"[]", b"null", b"<html>", b'{"killmail_id": NaN, "victim": {}}', b"[" * 5000)


def real_killmails(max_lines: int) -> Iterator[bytes]:
    """The first lines of each file of real killmails."""
    for path in sorted(SHARED.glob("*.jsonl.gz")):
        with gzip.open(path) as lines:
            yield from (line for _, line in zip(range(max_lines), lines, strict=False))


def killmail_id(raw: bytes) -> int:
    """The killmail id for a reference to these bytes; 7 where they are not a killmail."""
    try:
        entries = read_entries(raw)
    except InvalidKillmail:
        return 7
    return entries[0].killmail_id if len(entries) == 1 else 7
