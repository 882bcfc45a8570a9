"""What the description declares is answered, and what is answered is declared: every answer of every operation."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from killmail_dependencies import dependencies
from pydantic import SecretStr

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.http.http_contract import (
    assert_complete,
    contract_client,
    provoke_common_answers,
    repeat_with_etag,
)
from killmail_api.main import app

ARCHIVED: dict[str, Any] = {
    "killmail_id": 1, "killmail_time": "2026-11-01T20:00:00Z", "solar_system_id": 30000001,
    "attackers": [{"damage_done": 10, "final_blow": True, "corporation_id": 98000002}],
    "victim": {
        "ship_type_id": 587, "damage_taken": 10,
        "items": [{"flag": 27, "item_type_id": 2488, "quantity_destroyed": 1, "singleton": 0}],
    },
}  # fmt: skip
pytestmark = pytest.mark.postgres
TOKEN = "t" * 43
NOW = datetime(2026, 11, 1, tzinfo=UTC)
JOBS = "/api/admin/killmails/revaluations"
COMPUTED = {
    "hull": "10.00", "fitted": "20.00", "dropped": "5.00", "destroyed": "25.00", "total": "30.00", "droppable": "6.00",
    "priceDay": "2026-10-31", "rules": 1, "confidence": "high", "unpriced": ["47789"], "unpricedCount": 1,
}  # fmt: skip


UNIT_PRICES = [[587, 1_000, "market", 34, "2026-10-31"], [2488, 2_000, "build_cost", 20, "2026-10-31"]]


async def revalue(client: httpx2.AsyncClient) -> str:
    """Request and cancel a job in every way; returns its id."""
    job_id = (await client.post(JOBS, json={"firstDay": "2026-10-01", "lastDay": "2026-10-31"})).json()["jobId"]
    await client.post(f"{JOBS}/jobs/{job_id}/cancel", json={"author": "Ann"})
    await client.post(f"{JOBS}/jobs/{uuid4()}/cancel")
    await client.get(f"{JOBS}/jobs/{uuid4()}")
    return job_id


async def test_every_declared_answer_is_given_and_every_given_answer_is_declared(
    database: str, rows: Any, archive: Any, archive_bucket: Any
) -> None:
    rows.connection.execute("INSERT INTO types (type_id, name, group_id) VALUES (47789, 'Abyssal Warp Scrambler', 52)")
    parts = {"computedValue": COMPUTED, "fittedValue": "20.00", "droppedValue": "5.00", "destroyedValue": "25.00"}
    rows.insert_killmail(
        1,
        zkb_total_value=None,
        total_value=30,
        value_source="computed",
        valuation=json.dumps(parts),
        valuation_rules=1,
        type_prices=json.dumps(UNIT_PRICES),
        killmail_time=NOW,
        archive_key=archive(json.dumps(ARCHIVED).encode()),
    )
    rows.connection.execute("INSERT INTO battle_killmails VALUES (1, '00000000-0000-0000-0000-000000000001')")
    guard = OwnerGuard(SecretStr(TOKEN), OriginPolicy())
    streams = ("/api/stream?topics=killmails,battles&once=true", "/api/killmails/stream?once=true")

    def set_guard(other: Any) -> None:
        app.state.dependencies = replace(app.state.dependencies, guard=other)

    async with (
        open_pool(SecretStr(database), "killmail-api", max_size=2) as pool,
        contract_client(app, TOKEN) as (contract, client),
    ):
        others = dependencies(Database(pool, "killmail"), guard, archive_bucket, RecordingPublisher())
        app.state.dependencies = replace(others, clock=lambda: NOW)
        job_id = await revalue(client)
        done = (await client.post(JOBS, json={"firstDay": "2026-10-01", "lastDay": "2026-10-01"})).json()["jobId"]
        rows.connection.execute("UPDATE revaluation_jobs SET status = 'completed' WHERE id = %s", (done,))
        await client.post(f"{JOBS}/jobs/{done}/cancel")
        urls = {path: path.format(killmailId=1, job_id=job_id) for path in app.openapi()["paths"]}
        await repeat_with_etag(contract, client, urls)
        for path in ("", "/items", "/raw"):
            await client.get(f"/api/killmails/404404{path}")
        for stream in streams:
            await client.get(stream)
        await provoke_common_answers(contract, client, set_guard, guard)
    assert_complete(contract, "killmail_api")
