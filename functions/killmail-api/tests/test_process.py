"""The real process with open streams: what a client receives over HTTP, and how the process ends."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import redis

from battlescope_local.testing.http.documented_client import client_code
from battlescope_local.testing.processes import FunctionProcess
from battlescope_local.testing.sessions import AccountWriter
from battlescope_schemas.live.log import LIVE_LOG_KEY

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


def test_account_has_five_streams_over_both_routes(
    new_process: Callable[..., FunctionProcess], environment: dict[str, str], valkey: str
) -> None:
    settings = environment | {"REDIS_URL": valkey, "ACCESS_MODE": "sso"}
    process = new_process("killmail_api.main:app", settings).start().wait_until_ready()
    accounts = AccountWriter(valkey)
    headers, other = accounts.log_in().headers, accounts.log_in().headers
    routes = ("/api/stream?topics=killmails", "/api/killmails/stream")
    with httpx2.Client(base_url=process.url, timeout=20) as http, ExitStack() as streams:
        opened = [streams.enter_context(http.stream("GET", routes[number % 2], headers=headers)) for number in range(5)]
        assert [response.status_code for response in opened] == [200] * 5
        for route in routes:
            refused = http.get(route, headers=headers)
            assert (refused.status_code, refused.json()["error"]) == (429, "too-many-streams")
        with http.stream("GET", routes[0], headers=other) as response:
            assert response.status_code == 200
        opened[0].close()
        status = 429
        while status == 429:  # until the server notices that its client has gone
            with http.stream("GET", routes[0], headers=headers) as response:
                status = response.status_code
        assert status == 200
    accounts.close()


def test_client_of_the_docs_follows_the_stream_with_a_personal_token_until_its_role_ends(
    new_process: Callable[..., FunctionProcess], environment: dict[str, str], valkey: str, rows: Any
) -> None:
    settings = environment | {"REDIS_URL": valkey, "ACCESS_MODE": "sso"}
    process = new_process("killmail_api.main:app", settings).start().wait_until_ready()
    accounts = AccountWriter(valkey)
    login = accounts.create_access_token(roles={"battle-reports": 10})
    token = login.headers["authorization"].removeprefix("Bearer ")
    client_environment = {**os.environ, "BATTLESCOPE_URL": process.url, "BATTLESCOPE_TOKEN": token}
    with (
        httpx2.Client(base_url=process.url, headers=login.headers, timeout=20) as http,
        http.stream("GET", "/api/stream?topics=killmails") as response,
        redis.Redis.from_url(valkey) as log,
        subprocess.Popen(
            [sys.executable, "-c", client_code()], env=client_environment, stdout=subprocess.PIPE, text=True
        ) as client,
    ):
        received = events(response)
        assert next(received)[0] == "snapshot"
        killmail_ids = itertools.count(1)
        assert client.stdout is not None
        with ThreadPoolExecutor(1) as reader:  # the client may connect after the first killmails
            line = reader.submit(client.stdout.readline)
            while not line.done():
                killmail_id = next(killmail_ids)
                rows.insert_killmail(killmail_id, enriched_at=datetime.now(UTC))
                log.xadd(LIVE_LOG_KEY, {"killmail": json.dumps({"killmailId": str(killmail_id)})})
                wait([line], timeout=0.2)
        assert line.result() == "Rifter 12345678901234.56\n"
        accounts.change(login, roles={})
        *_, (name, data) = received
        assert name == "access-ended"
        assert "role user in battle-reports" in data["reason"]
        client.kill()
    accounts.close()
