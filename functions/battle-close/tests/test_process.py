"""The function as a process of its own, killed between commit and publish."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest
from battle_seeder import DELAY, BattleSeeder

from battlescope_events.catalog import TIMER
from battlescope_local.testing.processes import FunctionProcess, HeldSink

pytestmark = pytest.mark.postgres


@pytest.fixture
def process(new_process: Callable[..., FunctionProcess], database: str, held_sink: HeldSink) -> FunctionProcess:
    settings = {"DATABASE_URL": database, "K_SINK": held_sink.url, "FEED_DELAY_SECONDS": str(DELAY)}
    return new_process("battle_close.main:app", settings)


def send(url: str, event_key: str) -> int:
    message = TIMER.message(None, source="timer", key=event_key, time=datetime.now(UTC))
    response = httpx2.post(url, headers=dict(message.headers), content=message.body, timeout=30)
    assert response.content == b""
    return response.status_code


def _send_to_killed_process(url: str, event_key: str) -> None:
    with pytest.raises(httpx2.TransportError):
        send(url, event_key)


@pytest.mark.parametrize("next_key", ["first", "next"], ids=["the same timer event again", "another timer event"])
def test_event_survives_a_kill_between_commit_and_publish(
    process: FunctionProcess, seeded: BattleSeeder, held_sink: HeldSink, next_key: str
) -> None:
    seeded.battle(1, 0)
    seeded.killmail(60)
    process.start().wait_until_ready()
    sender = threading.Thread(target=_send_to_killed_process, args=(process.url, "first"))
    sender.start()
    assert held_sink.reached.wait(30)
    process.kill()
    sender.join(30)
    assert (seeded.status(1), seeded.outbox_size(), held_sink.received_ids) == ("closed", 1, [])
    event_id = seeded.connection.execute("SELECT headers ->> 'ce-id' FROM outbox_messages").fetchone()
    held_sink.released.set()
    process.start().wait_until_ready()
    assert send(process.url, next_key) == 204
    assert send(process.url, next_key) == 204
    assert event_id is not None
    assert set(held_sink.received_ids) == {event_id[0]}
    assert seeded.outbox_size() == 0
