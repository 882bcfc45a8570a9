"""schemathesis against the running function: no answer that its description does not declare."""

from collections.abc import Callable
from pathlib import Path

import pytest
from battle_api_harness import TOKEN, simulated_battle_cluster

from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.http.api_fuzzing import fuzz
from battlescope_local.testing.processes import FunctionProcess, HeldSink

FIRST = "00000000-0000-0000-0000-000000000001"
_CURSOR = "A cursor must be one that this service has given."
_TIMES = "startTime must be before endTime."
_TAG = "A tag must name killmails or battles, which are two lists."
KINDS = ("alliances", "corporations", "characters", "systems", "regions")
NARROWER = {
    "GET /api/battles": f"{_CURSOR} No minimum may be above its maximum.",
    "GET /api/battles/{battle_id}/killmails": _CURSOR,
    "GET /api/battles/{battle_id}/revisions": _CURSOR,
    "GET /api/battles/{battle_id}/revisions/{revision}/diff/{other}": "The later one comes second, 1,000 on at most.",
    **{f"GET /api/{kind}/{{entity_id}}/battles": _CURSOR for kind in KINDS},
    "POST /api/admin/battles/recluster": _TIMES,
    "POST /api/admin/battles/republish": _TIMES,
    "POST /api/battles/{battle_id}/edits": _TAG,
    "POST /api/battles/{battle_id}/edit-batches": _TAG,
    "POST /api/battles/{battle_id}/shares": "Days are written without a fraction; JSON Schema takes 7.0, too.",
    "PUT /api/admin/config/clusterer": "At least one field must not be null.",
}
pytestmark = pytest.mark.postgres


def test_every_answer_is_declared(
    databases: Databases,
    seeded: Database,
    new_process: Callable[..., FunctionProcess],
    held_sink: HeldSink,
    tmp_path: Path,
) -> None:
    held_sink.released.set()
    database = databases.clone(seeded)
    settings = {
        "DATABASE_URL": database.url("battle-api"),
        "K_SINK": held_sink.url,
        "ACCESS_MODE": "off",
        "OWNER_TOKEN": TOKEN,
        "REDIS_URL": "redis://127.0.0.1:9",
    }
    process = new_process("battle_api.main:app", settings).start().wait_until_ready()
    with simulated_battle_cluster(database.owner):
        result = fuzz(process.url, tmp_path, TOKEN, {"battle_id": FIRST, "if-match": '"3"'}, NARROWER)
    process.kill()
    assert "Warning: " not in process.log()
    databases.drop(database)
    print(f"{result.cases} requests, {len(result.failures)} failures")
    assert result.failures == (), result.output
    assert result.cases > 1000
