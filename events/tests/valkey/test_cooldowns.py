"""Cooldowns in a real Valkey, and without one."""

import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.cooldown import NO_COOLDOWN, CooldownState
from battlescope_events.valkey.connection import RETRY_SECONDS, Valkey
from battlescope_events.valkey.cooldowns import KEY, ValkeyCooldowns
from battlescope_local.testing.upstreams import MemoryCooldowns

pytestmark = pytest.mark.stores
NOW = datetime(2026, 10, 3, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
async def connection(valkey: str) -> AsyncIterator[Valkey]:
    connection = Valkey(valkey, time.monotonic)
    yield connection
    await connection.close()


@pytest.fixture
def cooldowns(connection: Valkey) -> ValkeyCooldowns:
    return ValkeyCooldowns(connection)


async def test_unknown_upstream_has_no_cooldown(cooldowns: ValkeyCooldowns) -> None:
    assert await cooldowns.load("esi") == NO_COOLDOWN


async def test_cooldown_holds_for_another_process_and_expires_after_a_day(
    cooldowns: ValkeyCooldowns, valkey: str
) -> None:
    state = CooldownState(NOW, 2, 3)
    await cooldowns.save("esi", state, "banned")
    other = Valkey(valkey, time.monotonic)
    assert await ValkeyCooldowns(other).load("esi") == state
    await other.close()
    with redis.Redis.from_url(valkey) as client:
        assert 0 < client.ttl(KEY.format("esi")) <= 24 * 3600


async def test_shorter_cooldown_and_lower_counts_replace_nothing(cooldowns: ValkeyCooldowns) -> None:
    await cooldowns.save("esi", CooldownState(NOW, 2, 0), "banned")
    await cooldowns.save("esi", CooldownState(NOW - MINUTE, 0, 3), "failed")
    assert await cooldowns.load("esi") == CooldownState(NOW, 2, 3)


async def test_cleared_cooldown_is_forgotten_and_a_later_one_is_not(cooldowns: ValkeyCooldowns) -> None:
    later = CooldownState(NOW + MINUTE, 2, 0)
    await cooldowns.save("esi", later, "banned again")
    await cooldowns.clear("esi", CooldownState(NOW, 1, 0))
    assert await cooldowns.load("esi") == later
    await cooldowns.clear("esi", later)
    assert await cooldowns.load("esi") == NO_COOLDOWN


async def test_valkey_that_does_not_answer_is_skipped_with_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    now = 100.0
    valkey = Valkey(NOBODY, lambda: now)
    cooldowns = ValkeyCooldowns(valkey)
    for _ in range(3):
        await cooldowns.save("esi", CooldownState(NOW), "banned")
        assert await cooldowns.load("esi") == NO_COOLDOWN
        now += RETRY_SECONDS + 1
    await valkey.close()
    assert [record.getMessage()[:23] for record in caplog.records] == ["Valkey does not answer:"]


async def test_nothing_waits_for_the_driver_if_somebody_else_connects(valkey: str) -> None:
    connection = Valkey(valkey, time.monotonic)
    cooldowns = ValkeyCooldowns(connection, connect_at_first_use=False)
    await cooldowns.save("esi", CooldownState(NOW), "before the connection")
    await connection.connect()
    assert await cooldowns.load("esi") == NO_COOLDOWN
    await cooldowns.save("esi", CooldownState(NOW), "with the connection")
    assert await cooldowns.load("esi") == CooldownState(NOW)
    await connection.close()


async def test_the_later_of_both_cooldowns_counts_and_is_remembered(cooldowns: ValkeyCooldowns) -> None:
    own = MemoryCooldowns()
    combined = CombinedCooldowns(own, cooldowns)
    await own.save("esi", CooldownState(NOW, 0, 1), "own")
    await cooldowns.save("esi", CooldownState(NOW + MINUTE, 1, 0), "of another context")
    state = CooldownState(NOW + MINUTE, 1, 1)
    assert await combined.load("esi") == state
    assert await own.load("esi") == state, "it holds without Valkey from here"
    await combined.clear("esi", state)
    assert [await own.load("esi"), await cooldowns.load("esi")] == [NO_COOLDOWN, NO_COOLDOWN]


async def test_without_valkey_the_own_cooldown_counts() -> None:
    own, valkey = MemoryCooldowns(), Valkey(NOBODY, time.monotonic)
    combined = CombinedCooldowns(own, ValkeyCooldowns(valkey))
    await combined.save("esi", CooldownState(NOW, 1), "banned")
    assert await combined.load("esi") == CooldownState(NOW, 1)
    await valkey.close()
