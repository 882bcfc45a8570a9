"""The function as a process of its own, killed between the event and its documents."""

import time
from collections.abc import Callable

import httpx2
import psycopg
import pytest
from search_builders import START, battle, killmail

from battlescope_events.catalog import BATTLE_CREATED, KILLMAIL_ENRICHED
from battlescope_events.messages import Message
from battlescope_local.testing.processes import FunctionProcess
from search_index.persistence.queues import INDEX_LOCK

pytestmark = pytest.mark.postgres


def settings(database: str) -> dict[str, str]:
    storage = {"S3_ENDPOINT_URL": "http://127.0.0.1:9", "S3_REGION": "x", "S3_BUCKET": "x"}
    storage |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    return storage | {"DATABASE_URL": database, "K_SINK": "http://127.0.0.1:9/sink"}


@pytest.fixture
def process(new_process: Callable[..., FunctionProcess], database: str) -> FunctionProcess:
    return new_process("search_index.main:app", settings(database))


def send(url: str, message: Message) -> int:
    response = httpx2.post(url, headers=dict(message.headers), content=message.body, timeout=30)
    assert response.content == b""
    return response.status_code


def documents(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM battle_documents").fetchone()
    return row[0] if row else 0


def wait_for_document(database: str) -> None:
    deadline = time.monotonic() + 30
    while not documents(database) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert documents(database) == 1


def test_what_a_killed_process_left_is_indexed_by_the_next(process: FunctionProcess, database: str) -> None:
    process.start().wait_until_ready()
    created = BATTLE_CREATED.message(battle(1, 1, [1]), source="tests", key="1", time=START)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [INDEX_LOCK])  # the background run waits
        assert send(process.url, created) == 204
        process.kill()
        assert connection.execute("SELECT count(*) FROM index_queue").fetchone() == (1,)
    assert documents(database) == 0
    process.start().wait_until_ready()
    other = KILLMAIL_ENRICHED.message(killmail(99), source="tests", key="99", time=START)
    assert send(process.url, other) == 204
    wait_for_document(database)
