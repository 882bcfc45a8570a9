"""The function as a process of its own, killed between commit and publish."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import psycopg
import pytest
from enriched_builders import enriched_killmail

from battlescope_events.catalog import KILLMAIL_ENRICHED
from battlescope_local.testing.processes import FunctionProcess, HeldSink
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres


@pytest.fixture
def process(new_process: Callable[..., FunctionProcess], database: str, held_sink: HeldSink) -> FunctionProcess:
    settings = {"S3_ENDPOINT_URL": "http://127.0.0.1:9", "S3_REGION": "x", "S3_BUCKET": "x"}
    settings |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    settings |= {"DATABASE_URL": database, "K_SINK": held_sink.url}
    return new_process("battle_cluster.main:app", settings)


def send(url: str, data: EnrichedKillmail) -> int:
    message = KILLMAIL_ENRICHED.message(
        data, source="killmail-enrich", key=str(data.killmail_id), time=datetime.now(UTC)
    )
    response = httpx2.post(url, headers=dict(message.headers), content=message.body, timeout=30)
    assert response.content == b""
    return response.status_code


def _send_to_killed_process(url: str, data: EnrichedKillmail) -> None:
    with pytest.raises(httpx2.TransportError):
        send(url, data)


def test_event_survives_a_kill_between_commit_and_publish(
    process: FunctionProcess, database: str, held_sink: HeldSink
) -> None:
    first, second = enriched_killmail(1, 0, (1, 1), [(11, 2)]), enriched_killmail(2, 2, (2, 1), [(11, 2)])
    process.start().wait_until_ready()
    assert send(process.url, first) == 204
    sender = threading.Thread(target=_send_to_killed_process, args=(process.url, second))
    sender.start()
    assert held_sink.reached.wait(30)
    process.kill()
    sender.join(30)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM battles").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM outbox_messages").fetchone() == (1,)
        event_id = connection.execute("SELECT headers ->> 'ce-id' FROM outbox_messages").fetchone()
    held_sink.received_ids.clear()
    held_sink.released.set()
    process.start().wait_until_ready()
    assert send(process.url, second) == 204
    assert event_id is not None
    assert event_id[0] in held_sink.received_ids
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM outbox_messages").fetchone() == (0,)
