"""Jobs that rebuild the index, on a real database with the rights of the function's role."""

import json
from collections.abc import AsyncGenerator
from uuid import uuid4

import httpx2
import psycopg
import pytest
from search_documents import NOW
from search_harness import TOKEN, running_app

from battlescope_local.testing.callers import SOMEBODY_ELSE, CallerGuard, authored_operations, player
from battlescope_local.testing.databases import Database
from search_api.main import app

pytestmark = pytest.mark.postgres
REINDEX = "/api/admin/search/reindex"


@pytest.fixture
async def admin(database: Database) -> AsyncGenerator[httpx2.AsyncClient]:
    async with running_app(database.url("search-api")) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield client


def sql(database: Database, statement: str) -> None:
    with psycopg.connect(database.owner, autocommit=True) as connection:
        connection.execute(statement.encode())


async def test_request_creates_a_job_and_publishes_its_first_part(admin: httpx2.AsyncClient) -> None:
    response = await admin.post(REINDEX, json={"author": "Ann"})
    body = response.json()
    assert response.status_code == 202, response.text
    assert (body["status"], body["requestedBy"], body["percentage"]) == ("pending", "Ann", 0.0)
    (message,) = app.state.dependencies.publish.messages
    assert message.headers["ce-type"] == "com.battlescope.search.reindex-requested.v1"
    assert json.loads(message.body) == {"jobId": body["id"], "part": 0}
    assert response.headers["location"] == f"{REINDEX}/{body['id']}"
    assert (await admin.get(response.headers["location"])).json() == body


async def test_author_is_the_character_of_the_login_whatever_the_request_states(database: Database) -> None:
    assert authored_operations(app.openapi()) == {f"POST {REINDEX}", f"POST {REINDEX}/{{job_id}}/cancel"}
    stated = {"author": SOMEBODY_ELSE}
    async with running_app(database.url("search-api"), guard=CallerGuard(player(1))) as client:
        job = (await client.post(REINDEX, json=stated)).json()
    async with running_app(database.url("search-api"), guard=CallerGuard(player(2))) as client:
        cancelled = (await client.post(f"{REINDEX}/{job['id']}/cancel", json=stated)).json()
    assert (job["requestedBy"], cancelled["cancelledBy"]) == ("Pilot 1", "Pilot 2")


async def test_one_job_runs_at_a_time(admin: httpx2.AsyncClient) -> None:
    first = (await admin.post(REINDEX)).json()["id"]
    assert (await admin.post(REINDEX)).status_code == 409
    assert len(app.state.dependencies.publish.messages) == 1
    assert (await admin.post(f"{REINDEX}/{first}/cancel", json={"author": "Bob"})).json()["cancelledBy"] == "Bob"
    assert (await admin.post(REINDEX)).status_code == 202


async def test_progress_is_a_percentage(admin: httpx2.AsyncClient, database: Database) -> None:
    location = (await admin.post(REINDEX)).headers["location"]
    sql(database, "UPDATE reindex_jobs SET status = 'running', documents_total = 400, documents_processed = 100")
    body = (await admin.get(location)).json()
    assert (body["documentsTotal"], body["documentsProcessed"], body["percentage"]) == (400, 100, 25.0)
    sql(database, "UPDATE reindex_jobs SET status = 'completed', documents_processed = 398")
    assert (await admin.get(location)).json()["percentage"] == 100.0
    assert (await admin.post(f"{location}/cancel")).status_code == 409


async def test_jobs_are_listed_newest_first(admin: httpx2.AsyncClient, database: Database) -> None:
    for _ in range(2):
        await admin.post(REINDEX)
        sql(database, "UPDATE reindex_jobs SET status = 'completed', created_at = created_at - interval '1 hour'")
    last = (await admin.post(REINDEX)).json()["id"]
    page = (await admin.get(f"{REINDEX}?limit=1")).json()
    assert ([job["id"] for job in page["items"]], page["total"]) == ([last], 3)


async def test_unknown_job_is_404(admin: httpx2.AsyncClient) -> None:
    assert (await admin.get(f"{REINDEX}/{uuid4()}")).status_code == 404
    assert (await admin.post(f"{REINDEX}/{uuid4()}/cancel")).status_code == 404


async def test_only_the_owner_may_ask_for_a_job(admin: httpx2.AsyncClient) -> None:
    assert (await admin.post(REINDEX, headers={"authorization": "Bearer other"})).status_code == 401


async def test_stats_count_documents_and_what_waits(admin: httpx2.AsyncClient, database: Database) -> None:
    stats = (await admin.get("/api/admin/search/stats")).json()
    assert stats["documents"] == {
        "battles": 2, "killmails": 3, "characters": 3, "corporations": 3, "alliances": 7, "systems": 4, "shipTypes": 3,
    }  # fmt: skip
    assert (stats["engine"], stats["waiting"], stats["lagSeconds"]) == ("postgres", 0, 0)
    queued = f"'{NOW.isoformat()}'::timestamptz - interval '90 seconds'"
    sql(database, f"INSERT INTO index_queue (document_type, document_id, queued_at) VALUES ('battle', 'x', {queued})")
    stats = (await admin.get("/api/admin/search/stats")).json()
    assert (stats["waiting"], stats["lagSeconds"]) == (1, 90)
