"""The real process is killed repeatedly; the result is the same as without kills."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from battlescope_events.catalog import MANIFEST_UPLOADED
from battlescope_events.messages import Event
from battlescope_local.testing.processes import FunctionProcess

pytestmark = [pytest.mark.postgres]
ALL = {"version": 1, "dates": {"from": "2026-10-01", "to": "2026-10-03"}, "requestedBy": "tests"}
KILLS = 10


async def delivered(client: httpx2.AsyncClient, url: str, event: Event[Any]) -> bool:
    """Deliver like a Broker: 2xx is accepted, anything else is redelivered."""
    headers = {
        "ce-specversion": "1.0", "ce-id": event.id, "ce-source": event.source, "ce-type": event.type.name,
        "content-type": "application/json",
    }  # fmt: skip
    body = event.type.data.dump_json(event.data, by_alias=True, exclude_none=True)
    with suppress(httpx2.HTTPError):
        return (await client.post(url, headers=headers, content=body)).is_success
    return False


@pytest.fixture
async def process(
    make_system: Callable[..., Any], new_process: Callable[..., FunctionProcess]
) -> tuple[Any, FunctionProcess]:
    system = await make_system(start=False)
    support = Path(__file__).parent / "support"
    return system, new_process("small_parts_app:app", system.environment(), app_dir=support)


async def settle(system: Any, process: FunctionProcess, rng: random.Random) -> None:
    """Deliver events, two at a time like the window, while the process is killed and restarted."""
    kills = 0

    async def kill() -> None:
        nonlocal kills
        while kills < KILLS:
            await asyncio.to_thread(process.wait_until_ready)  # else a slow machine would kill it before its work
            await asyncio.sleep(rng.uniform(0.3, 1.0))
            process.kill()
            process.start()
            kills += 1

    async def deliver(client: httpx2.AsyncClient) -> None:
        while system.waiting or kills < KILLS or system.rows(OPEN) != [(0,)]:
            if not system.waiting:
                await asyncio.sleep(0.05)
                continue
            event = system.waiting.pop(0)
            if not await delivered(client, process.url, event):
                system.waiting.append(event)
                await asyncio.sleep(0.1)

    async with httpx2.AsyncClient(timeout=60) as client, asyncio.timeout(400), asyncio.TaskGroup() as tasks:
        tasks.create_task(kill())
        for _ in range(2):
            tasks.create_task(deliver(client))


OPEN = "SELECT count(*) FROM historical_ingestion_jobs WHERE status NOT IN ('completed', 'failed', 'cancelled')"
DAYS = """SELECT day, status, total, accepted, rejected, known, failed FROM historical_job_dates ORDER BY day"""


async def test_ten_kills_lead_to_the_same_result_as_none(process: tuple[Any, FunctionProcess]) -> None:
    system, running = process
    uploaded = system.upload("all.json", ALL)
    system.waiting.append(Event(MANIFEST_UPLOADED, "u", "store", uploaded, {}))
    running.start()
    await settle(system, running, random.Random(7))
    assert [tuple(map(str, row)) for row in system.rows(DAYS)] == [
        (f"2026-10-0{day}", "completed", "60", "45", "15", "0", "0") for day in (1, 2, 3)
    ]
    published_ids = [reference.killmail_id for reference in system.published_references()]
    expected_ids = {
        killmail["killmail_id"]
        for killmails in system.killmails.values()
        for killmail in killmails
        if killmail["attackers"]
    }
    assert sorted(published_ids) == sorted(expected_ids)
    assert {row[0] for row in system.rows("SELECT killmail_id FROM killmail_events")} == expected_ids
    chunks = {row[0]: row[1] for row in system.rows("SELECT chunk_key, count FROM historical_chunks")}
    published_chunks = {data.chunk_key: data.count for _, kind, data in system.published if "ingested" in kind}
    assert published_chunks == chunks
    ids: dict[str, set[str]] = {}
    for event_id, kind, data in system.published:
        if "ingested" in kind:
            ids.setdefault(data.chunk_key, set()).add(event_id)
    assert all(len(event_ids) == 1 for event_ids in ids.values())
    completed = {(data.date, event_id) for event_id, kind, data in system.published if "completed" in kind}
    assert len(completed) == 3
    assert system.rows("SELECT count(*) FROM outbox_messages") == [(0,)]
