"""A thousand bad manifests: each gets a reason, none crashes the planner, none stops a good one."""

import json
import random
from typing import Any

import pytest

pytestmark = [pytest.mark.postgres]
GOOD: dict[str, Any] = {
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


def bad(chance: random.Random) -> bytes:
    text = json.dumps(GOOD).encode()
    match chance.randrange(5):
        case 0:
            return text[: chance.randrange(len(text) - 1)]
        case 1:
            broken = bytearray(text)
            broken[chance.randrange(len(broken))] = chance.choice(b"\x00\xff}{[],:\"'")
            return bytes(broken)
        case 2:
            return chance.randbytes(chance.randrange(200))
        case 3:
            return json.dumps({name: value for name, value in GOOD.items() if chance.random() < 0.6}).encode()
        case _:
            return json.dumps(GOOD | {chance.choice(FIELDS): chance.choice(VALUES)}).encode()


async def test_a_thousand_bad_manifests_and_a_good_one(system: Any) -> None:
    chance = random.Random(4)
    wanted: dict[str, str] = {}
    number = 0
    while len(wanted) < 1000:
        uploaded = system.upload(f"{number}.json", bad(chance))
        number += 1
        await system.notify(uploaded)
        wanted[uploaded.key] = uploaded.etag
        system.waiting.clear()  # days of those that were good by accident
    await system.order("good.json", GOOD | {"priority": "high"})
    jobs = {row[0]: row[1:] for row in system.rows(JOBS)}
    assert jobs.keys() == {*wanted, "manifests/good.json"}
    failed = {key: row[1] for key, row in jobs.items() if row[0] == "failed"}
    assert len(failed) > 800, "the mutations are too kind"
    assert all(reason and reason.endswith(".") for reason in failed.values())
    rejected = set(system.keys("manifests-rejected/"))
    for key in failed:
        copy = key.replace("manifests/", "manifests-rejected/")
        assert {copy, f"{copy}.reasons.json"} <= rejected
    told = json.loads(system.get(f"{copy}.reasons.json"))
    assert told["reasons"]
    assert told["manifestKey"] == key
    assert jobs["manifests/good.json"][0] == "completed"
