"""The hot cache on a real Valkey, and without one."""

import time
from collections.abc import AsyncIterator

import pytest
import redis

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import HARD_SECONDS, Name
from killmail_enrich.names.redis_cache import NameCache

pytestmark = pytest.mark.stores
VERA = Name(90000001, EntityType.CHARACTER, "Vera", 5.0)
NOBODY = Name(90000009, None, None, 6.0)


@pytest.fixture
async def cache(valkey: str) -> AsyncIterator[NameCache]:
    cache = NameCache(valkey, time.monotonic)
    await cache.connect()
    yield cache
    await cache.close()


async def test_names_come_back_and_others_do_not(cache: NameCache) -> None:
    await cache.put([VERA, NOBODY])
    await cache.put([])
    assert await cache.known([VERA.entity_id, 1, NOBODY.entity_id]) == {VERA.entity_id: VERA, NOBODY.entity_id: NOBODY}


async def test_a_thousand_names_are_put_by_one_command_and_forgotten_after_a_week(
    cache: NameCache, valkey: str
) -> None:
    names = [Name(i, EntityType.CHARACTER, f"Ñame \\ {i}\t", 5.5) for i in range(1, 1001)]
    await cache.put(names[:1])
    with redis.Redis.from_url(valkey) as client:
        client.config_resetstat()
        await cache.put(names)
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
        assert HARD_SECONDS - 60 < client.ttl("esi:names:1000") <= HARD_SECONDS
    assert await cache.known(range(1, 1001)) == {name.entity_id: name for name in names}


async def test_a_pause_is_shared_and_never_made_shorter(cache: NameCache, valkey: str) -> None:
    assert await cache.paused() == 0
    began = time.monotonic()
    await cache.start_cooldown(60)
    await cache.start_cooldown(1)
    other = NameCache(valkey, time.monotonic)
    await other.connect()
    left = await other.paused()
    assert 60 - (time.monotonic() - began) - 0.01 <= left <= 60
    await other.close()


async def test_without_a_server_everything_is_empty_and_asked_again_later() -> None:
    now = 0.0
    cache = NameCache("redis://127.0.0.1:1/0", lambda: now)
    await cache.connect()
    await cache.put([VERA])
    assert (await cache.known([1]), await cache.paused()) == ({}, 0)
    assert cache._away_until == 5.0
    now = 6.0
    await cache.start_cooldown(1)
    assert cache._away_until == 11.0
    await cache.close()


async def test_before_it_is_connected_it_is_empty() -> None:
    cache = NameCache("redis://127.0.0.1:1/0", time.monotonic)
    assert await cache.known([1]) == {}
    await cache.close()
