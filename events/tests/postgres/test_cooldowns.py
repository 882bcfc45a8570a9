"""Cooldowns in a database: merged, shared by processes, remembered."""

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from battlescope_events.errors import TransientError
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.upstream.cooldown import NO_COOLDOWN, CooldownState
from battlescope_local.testing.databases import Databases

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 10, 3, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["battlescope_ingestion", "battlescope_killmails"])
def url(databases: Databases, request: pytest.FixtureRequest) -> Generator[str]:
    """Of each context that requests upstreams."""
    clone = databases.clone(request.param)
    yield clone.owner
    databases.drop(clone)


@pytest.fixture
async def cooldowns(database: Database) -> PostgresCooldowns:
    return PostgresCooldowns(database)


@pytest.fixture
async def cooldowns_of_other_process(url: str) -> AsyncGenerator[PostgresCooldowns]:
    async with open_pool(SecretStr(url), "other", max_size=1) as pool:
        yield PostgresCooldowns(Database(pool, "sample"))


async def test_unknown_upstream_has_no_cooldown(cooldowns: PostgresCooldowns) -> None:
    assert await cooldowns.load("r2z2") == NO_COOLDOWN


async def test_cooldown_holds_for_another_process(
    cooldowns: PostgresCooldowns, cooldowns_of_other_process: PostgresCooldowns
) -> None:
    state = CooldownState(NOW, 2, 3)
    await cooldowns.save("r2z2", state, "banned")
    assert await cooldowns_of_other_process.load("r2z2") == state
    assert await cooldowns_of_other_process.load("esi") == NO_COOLDOWN


async def test_shorter_cooldown_and_lower_counts_replace_nothing(cooldowns: PostgresCooldowns) -> None:
    await cooldowns.save("r2z2", CooldownState(NOW, 2, 0), "banned")
    await cooldowns.save("r2z2", CooldownState(NOW - MINUTE, 0, 3), "failed")
    assert await cooldowns.load("r2z2") == CooldownState(NOW, 2, 3)


async def test_cleared_cooldown_is_forgotten(cooldowns: PostgresCooldowns) -> None:
    state = CooldownState(NOW, 2, 3)
    await cooldowns.save("r2z2", state, "banned")
    await cooldowns.clear("r2z2", state)
    assert await cooldowns.load("r2z2") == NO_COOLDOWN


async def test_later_cooldown_is_not_cleared(cooldowns: PostgresCooldowns) -> None:
    later = CooldownState(NOW + MINUTE, 2, 0)
    await cooldowns.save("r2z2", later, "banned again")
    await cooldowns.clear("r2z2", CooldownState(NOW, 1, 0))
    await cooldowns.clear("r2z2", CooldownState(failures=1))
    assert await cooldowns.load("r2z2") == later


async def test_database_that_does_not_answer_is_a_transient_error() -> None:
    async with open_pool(SecretStr("postgresql://127.0.0.1:1/x"), "t", max_size=1, timeout_seconds=0.2) as pool:
        with pytest.raises(TransientError, match="sample database"):
            await PostgresCooldowns(Database(pool, "sample")).load("r2z2")
