"""Jobs that compute values again, on a real database with the rights of the function's role."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from killmail_dependencies import dependencies
from pydantic import SecretStr

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.buckets import Bucket
from battlescope_local.testing.callers import SOMEBODY_ELSE, CallerGuard, authored_operations, player
from killmail_api.main import app

pytestmark = pytest.mark.postgres
JOBS = "/api/admin/killmails/revaluations"
RANGE = {"firstDay": "2026-10-01", "lastDay": "2026-10-04"}
TOKEN = "t" * 43


@pytest.fixture
def published() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
async def api(
    database: str, published: RecordingPublisher, archive_bucket: Bucket
) -> AsyncIterator[httpx2.AsyncClient]:
    guard = OwnerGuard(SecretStr(TOKEN), OriginPolicy())
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with (
        open_pool(SecretStr(database), "killmail-api", max_size=2) as pool,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test", headers=headers) as client,
    ):
        killmails = Database(pool, "killmail")
        others = dependencies(killmails, guard, archive_bucket, published)
        app.state.dependencies = replace(others, clock=lambda: datetime(2026, 11, 1, tzinfo=UTC))
        yield client


async def test_request_creates_a_job_and_publishes_its_first_part(
    api: httpx2.AsyncClient, rows: Any, published: RecordingPublisher
) -> None:
    assert rows
    response = await api.post(JOBS, json=RANGE | {"author": "Ann"})
    body = response.json()
    assert response.status_code == 202, response.text
    assert (body["status"], body["firstDay"], body["lastDay"]) == ("pending", "2026-10-01", "2026-10-04")
    nothing = {"currentDay": "2026-10-01", "percentage": 0.0, "killmails": 0, "changed": 0, "withoutPrices": 0}
    assert (body["progress"], body["requestedBy"]) == (nothing, "Ann")
    (message,) = published.messages
    assert message.headers["ce-type"] == "com.battlescope.killmail.revaluation-requested.v1"
    assert json.loads(message.body) == {"jobId": body["jobId"], "part": 0}
    assert response.headers["location"] == f"{JOBS}/jobs/{body['jobId']}"
    assert (await api.get(response.headers["location"])).json() == body


@pytest.mark.parametrize(
    "wanted",
    [
        {"firstDay": "2026-10-02", "lastDay": "2026-10-01"},
        {"firstDay": "1900-01-01", "lastDay": "2026-10-01"},
        {"firstDay": "yesterday", "lastDay": "2026-10-01"},
        {"firstDay": "2026-10-01"},
    ],
)
async def test_invalid_range_is_400(
    api: httpx2.AsyncClient, rows: Any, published: RecordingPublisher, wanted: dict[str, str]
) -> None:
    assert rows
    assert (await api.post(JOBS, json=wanted)).status_code == 400
    assert published.messages == []


async def test_only_who_may_write_requests_a_job(api: httpx2.AsyncClient, rows: Any) -> None:
    assert (await api.post(JOBS, json=RANGE, headers={"authorization": "Bearer other"})).status_code in {401, 403}
    assert rows.connection.execute("SELECT count(*) FROM revaluation_jobs").fetchone() == (0,)


async def test_progress_counts_days(api: httpx2.AsyncClient, rows: Any) -> None:
    location = (await api.post(JOBS, json=RANGE)).headers["location"]
    rows.connection.execute(
        "UPDATE revaluation_jobs SET status = 'running', position_day = '2026-10-02', killmails_read = 700, "
        "killmails_changed = 3, killmails_without_prices = 2"
    )
    progress = (await api.get(location)).json()["progress"]
    assert (progress["currentDay"], progress["percentage"]) == ("2026-10-02", 25.0)
    assert (progress["killmails"], progress["changed"], progress["withoutPrices"]) == (700, 3, 2)


@pytest.mark.parametrize(
    ("status", "expected"), [("pending", 200), ("running", 200), ("cancelled", 200), ("completed", 409)]
)
async def test_jobs_can_be_cancelled_until_they_end(
    api: httpx2.AsyncClient, rows: Any, status: str, expected: int
) -> None:
    job = (await api.post(JOBS, json=RANGE)).json()["jobId"]
    rows.connection.execute("UPDATE revaluation_jobs SET status = %s", (status,))
    response = await api.post(f"{JOBS}/jobs/{job}/cancel", json={"author": "Bob"})
    assert response.status_code == expected, response.text
    stored = rows.connection.execute("SELECT status FROM revaluation_jobs").fetchone()
    assert stored == (status if expected == 409 else "cancelled",)


async def test_jobs_are_listed_newest_first(api: httpx2.AsyncClient, rows: Any) -> None:
    job_ids = [(await api.post(JOBS, json=RANGE)).json()["jobId"] for _ in range(3)]
    rows.connection.execute("UPDATE revaluation_jobs SET created_at = now() WHERE id = %s", (job_ids[1],))
    page = (await api.get(f"{JOBS}/jobs?limit=1")).json()
    assert ([job["jobId"] for job in page["items"]], page["total"]) == ([job_ids[1]], 3)


async def test_author_is_the_character_of_the_login_whatever_the_request_states(
    api: httpx2.AsyncClient, rows: Any
) -> None:
    assert rows
    assert authored_operations(app.openapi()) == {f"POST {JOBS}", f"POST {JOBS}/jobs/{{job_id}}/cancel"}
    stated = {"author": SOMEBODY_ELSE}
    app.state.dependencies = replace(app.state.dependencies, guard=CallerGuard(player(1)))
    job = (await api.post(JOBS, json=RANGE | stated)).json()
    app.state.dependencies = replace(app.state.dependencies, guard=CallerGuard(player(2)))
    cancelled = (await api.post(f"{JOBS}/jobs/{job['jobId']}/cancel", json=stated)).json()
    assert (cancelled["requestedBy"], cancelled["cancelledBy"]) == ("Pilot 1", "Pilot 2")
