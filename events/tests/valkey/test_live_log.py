"""The live log in a real Valkey, and without one."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import redis

from battlescope_events.valkey.connection import Valkey
from battlescope_events.valkey.live_log import LiveLog, LogPosition, position_of
from battlescope_schemas.live.log import LIVE_LOG_KEY, LiveKind

pytestmark = pytest.mark.stores
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
async def connection(valkey: str) -> AsyncIterator[Valkey]:
    connection = Valkey(valkey, time.monotonic, timeout_seconds=5)
    yield connection
    await connection.close()


@pytest.fixture
def log(connection: Valkey) -> LiveLog:
    return LiveLog(connection)


async def test_entries_are_read_in_their_order_after_a_position(log: LiveLog) -> None:
    first = await log.append([(LiveKind.KILLMAIL, "1"), (LiveKind.BATTLE, "2")])
    last = await log.append([(LiveKind.KILLMAIL, "3")])
    assert first is not None
    assert last is not None
    began = await log.oldest()
    assert began is not None
    entries = await log.read(began, 10, 1)
    assert entries is not None
    assert [(entry.kind, entry.body) for entry in entries] == [("killmail", "1"), ("battle", "2"), ("killmail", "3")]
    assert began < entries[0].position < entries[1].position == first < entries[2].position == last
    assert [entry.body for entry in await log.read(first, 10, 1) or ()] == ["3"]
    assert [entry.body for entry in await log.read(began, 2, 1) or ()] == ["1", "2"]


async def test_reader_waits_for_the_next_entry(log: LiveLog) -> None:
    position = await log.begin()
    assert position is not None
    assert await log.read(position, 10, 1) == []
    reading = asyncio.create_task(log.read(position, 10, 4000))
    await log.append([(LiveKind.KILLMAIL, "1")])
    assert [entry.body for entry in await reading or ()] == ["1"]


async def test_a_new_log_begins_with_an_entry_that_is_newer_than_every_earlier_position(
    log: LiveLog, valkey: str
) -> None:
    before = await log.append([(LiveKind.KILLMAIL, "1")])
    with redis.Redis.from_url(valkey) as client:
        client.delete(LIVE_LOG_KEY)
    await log.append([(LiveKind.KILLMAIL, "2")])
    oldest = await log.oldest()
    assert oldest is not None
    assert before is not None
    assert oldest > before


async def test_the_log_is_capped(connection: Valkey) -> None:
    log = LiveLog(connection, max_entries=100)
    began = await log.begin()
    for number in range(10):
        await log.append([(LiveKind.KILLMAIL, str(number * 50 + i)) for i in range(50)])
    oldest = await log.oldest()
    assert began is not None
    assert oldest is not None
    assert oldest > began
    kept = [entry.body for entry in await log.read(began, 1000, 1) or ()]
    assert 100 <= len(kept) < 300  # Valkey removes whole nodes of 100 entries
    assert kept[-1] == "499"


async def test_without_valkey_every_method_says_so() -> None:
    connection = Valkey(NOBODY, time.monotonic)
    log = LiveLog(connection)
    assert await log.append([(LiveKind.KILLMAIL, "1")]) is None
    assert await log.begin() is None
    assert await log.oldest() is None
    assert await log.read(LogPosition(0, 0), 1, 1) is None
    await connection.close()


@pytest.mark.parametrize("text", ["", "1", "a-1", "1-b", "1-2-3"])
def test_other_text_is_no_position(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        position_of(text)
