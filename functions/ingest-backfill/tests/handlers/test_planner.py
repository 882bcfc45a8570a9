"""Many invalid manifests: each gets a reason, none crashes the planner, none stops a valid one."""

import json
import os
import random
from typing import Any

import pytest

pytestmark = [pytest.mark.postgres]
VALID: dict[str, Any] = {
    "version": 1, "dates": {"from": "2026-10-02", "to": "2026-10-02"}, "source": "everef", "priority": "normal",
    "reason": "fuzz", "requestedBy": "fuzzer",
}  # fmt: skip
VALUES = [
    None, True, -1, 0, 2, 10**400, 1.5, "", "x", "\0", "\ud800", "2026-13-01", "2999-01-01", [], {}, [[]], ["x"],
    {"from": "2026-10-02"}, {"from": "2026-10-03", "to": "2026-10-01"}, {"from": "2000-01-01", "to": "2026-01-01"},
    ["2026-10-01", "2026-10-01"], ["2026-10-01"] * 5000, {"2026-10-02": {"1": "0"}}, {"2026-10-02": ["k"]},
]  # fmt: skip
FIELDS = ["version", "dates", "source", "priority", "reason", "requestedBy", "rulesetId", "killmails", "objects"]
JOBS = "SELECT manifest_key, status, error_message FROM historical_ingestion_jobs"


def mutated(rng: random.Random) -> bytes:
    text = json.dumps(VALID).encode()
    match rng.randrange(5):
        case 0:
            return text[: rng.randrange(len(text) - 1)]
        case 1:
            corrupted = bytearray(text)
            corrupted[rng.randrange(len(corrupted))] = rng.choice(b"\x00\xff}{[],:\"'")
            return bytes(corrupted)
        case 2:
            return rng.randbytes(rng.randrange(200))
        case 3:
            return json.dumps({name: value for name, value in VALID.items() if rng.random() < 0.6}).encode()
        case _:
            return json.dumps(VALID | {rng.choice(FIELDS): rng.choice(VALUES)}).encode()


MANIFESTS = int(os.environ.get("BATTLESCOPE_MANIFESTS", "150"))  # a thousand in `make test-long`


async def test_invalid_manifests_do_not_stop_a_valid_one(system: Any) -> None:
    rng = random.Random(4)
    uploaded_etags: dict[str, str] = {}
    number = 0
    while len(uploaded_etags) < MANIFESTS:
        uploaded = system.upload(f"{number}.json", mutated(rng))
        number += 1
        await system.notify(uploaded)
        uploaded_etags[uploaded.key] = uploaded.etag
        system.waiting.clear()  # days of manifests that are still valid
    await system.order("valid.json", VALID | {"priority": "high"})
    jobs = {row[0]: row[1:] for row in system.rows(JOBS)}
    assert jobs.keys() == {*uploaded_etags, "manifests/valid.json"}
    failed = {key: row[1] for key, row in jobs.items() if row[0] == "failed"}
    assert len(failed) > 0.8 * MANIFESTS, "too many mutations are valid"
    assert all(reason and reason.endswith(".") for reason in failed.values())
    rejected = set(system.keys("manifests-rejected/"))
    for key in failed:
        copy = key.replace("manifests/", "manifests-rejected/")
        assert {copy, f"{copy}.reasons.json"} <= rejected
    report = json.loads(system.get(f"{copy}.reasons.json"))
    assert report["reasons"]
    assert report["manifestKey"] == key
    assert jobs["manifests/valid.json"][0] == "completed"
