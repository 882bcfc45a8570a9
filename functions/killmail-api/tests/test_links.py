"""Every link that the description declares is followed from a real answer, and leads to one."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from killmail_dependencies import dependencies
from pydantic import SecretStr

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.http.http_contract import contract_client
from battlescope_local.testing.http.link_walk import LinkWalk, Sample
from killmail_api.main import app

pytestmark = pytest.mark.postgres
TOKEN = "t" * 43
NOW = datetime(2026, 11, 1, 21, tzinfo=UTC)
ARCHIVED: dict[str, Any] = {
    "killmail_id": 1, "killmail_time": "2026-11-01T20:00:00Z", "solar_system_id": 30000001,
    "attackers": [{"damage_done": 10, "final_blow": True, "corporation_id": 98000002}],
    "victim": {"ship_type_id": 587, "damage_taken": 10},
}  # fmt: skip
SAMPLES = {
    "request_revaluation_api_admin_killmails_revaluations_post": [
        Sample({"firstDay": "2026-10-01", "lastDay": "2026-10-31"})
    ]
}


async def test_every_declared_link_leads_to_an_answer(
    database: str, rows: Any, archive: Any, archive_bucket: Any
) -> None:
    rows.insert_killmail(1, archive_key=archive(json.dumps(ARCHIVED).encode()))
    guard = OwnerGuard(SecretStr(TOKEN), OriginPolicy())
    async with (
        open_pool(SecretStr(database), "killmail-api", max_size=2) as pool,
        contract_client(app, TOKEN) as (contract, client),
    ):
        others = dependencies(Database(pool, "killmail"), guard, archive_bucket, RecordingPublisher())
        app.state.dependencies = replace(others, clock=lambda: NOW)
        walk = LinkWalk(contract, client, SAMPLES)
        await walk.run()
    print(f"{len(walk.followed)} of {len(walk.declared)} links followed")
    assert walk.declared - walk.followed.keys() == set()
    assert {link: status for link, status in walk.followed.items() if status >= 400} == {}
    assert len(walk.declared) > 8
