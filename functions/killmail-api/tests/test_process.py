"""The real process with open streams: what a client receives over HTTP, and how the process ends."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import redis

from battlescope_local.testing.processes import FunctionProcess
from battlescope_schemas.live import LIVE_LOG_KEY

pytestmark = [pytest.mark.postgres, pytest.mark.stores]


@pytest.fixture
def process(
    new_process: Callable[..., FunctionProcess], environment: dict[str, str], valkey: str, rows: Any
) -> FunctionProcess:
    rows.insert_killmail(1)
    settings = environment | {"REDIS_URL": valkey}
    return new_process("killmail_api.main:app", settings).start().wait_until_ready()


def events(response: httpx2.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in response.iter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)


def test_killmail_is_streamed_over_http(process: FunctionProcess, rows: Any, valkey: str) -> None:
    with (
        httpx2.Client(base_url=process.url, timeout=20) as client,
        client.stream("GET", "/api/stream?topics=killmails,battles&minIsk=5") as response,
        redis.Redis.from_url(valkey) as log,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        received = events(response)
        name, snapshot = next(received)
        assert (name, [item["killmailId"] for item in snapshot["killmails"]]) == ("snapshot", [])  # the day is over
        for killmail_id, value in ((2, 4), (3, 5)):
            rows.insert_killmail(killmail_id, zkb_total_value=value, enriched_at=datetime.now(UTC))
            log.xadd(LIVE_LOG_KEY, {"killmail": json.dumps({"killmailId": str(killmail_id)})})
        name, killmail = next(received)
        assert (name, killmail["killmailId"], killmail["shipTypeName"]) == ("killmail", "3", "Rifter")
        query = "limit=100&minIsk=5&since=2026-01-01T00:00:00Z"
        listed = {item["killmailId"]: item for item in client.get(f"/api/killmails/recent?{query}").json()["items"]}
        assert listed.keys() == {"1", "3"}
        assert listed["3"] == killmail


def test_process_ends_with_open_streams(process: FunctionProcess) -> None:
    with (
        httpx2.Client(base_url=process.url, timeout=20) as client,
        client.stream("GET", "/api/killmails/stream") as response,
    ):
        received = events(response)
        assert next(received)[0] == "snapshot"
        process.terminate()
        assert list(received) == []
