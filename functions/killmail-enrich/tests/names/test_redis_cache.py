"""The cache of names on a real Valkey, and without one."""

import time
from collections.abc import AsyncIterator

import pytest
import redis

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import USABLE_SECONDS, Name
from killmail_enrich.names.redis_cache import NameCache

pytestmark = pytest.mark.stores
VERA = Name(90000001, EntityType.CHARACTER, "Vera", 5.0)
NONEXISTENT = Name(90000009, None, None, 6.0)


@pytest.fixture
async def cache(valkey: str) -> AsyncIterator[NameCache]:
    cache = NameCache(valkey, time.monotonic)
    await cache.connect()
    yield cache
    await cache.close()


async def test_only_stored_names_are_returned(cache: NameCache) -> None:
    await cache.put([VERA, NONEXISTENT])
    await cache.put([])
    stored = {name.entity_id: name for name in (VERA, NONEXISTENT)}
    assert await cache.find([VERA.entity_id, 1, NONEXISTENT.entity_id]) == stored


async def test_a_thousand_names_are_stored_by_one_command_for_a_week(cache: NameCache, valkey: str) -> None:
    names = [Name(i, EntityType.CHARACTER, f"Ñame \\ {i}\t", 5.5) for i in range(1, 1001)]
    await cache.put(names[:1])
    with redis.Redis.from_url(valkey) as client:
        client.config_resetstat()
        await cache.put(names)
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
        assert USABLE_SECONDS - 60 < client.ttl("esi:names:1000") <= USABLE_SECONDS
    assert await cache.find(range(1, 1001)) == {name.entity_id: name for name in names}


async def test_cooldown_is_shared_and_never_shortened(cache: NameCache, valkey: str) -> None:
    assert await cache.cooldown_seconds() == 0
    began = time.monotonic()
    await cache.start_cooldown(60)
    await cache.start_cooldown(1)
    other_process = NameCache(valkey, time.monotonic)
    await other_process.connect()
    remaining = await other_process.cooldown_seconds()
    assert 60 - (time.monotonic() - began) - 0.01 <= remaining <= 60
    await other_process.close()


async def test_unreachable_server_means_an_empty_cache_and_a_later_retry() -> None:
    now = 0.0
    cache = NameCache("redis://127.0.0.1:1/0", lambda: now)
    await cache.connect()
    await cache.put([VERA])
    assert (await cache.find([1]), await cache.cooldown_seconds()) == ({}, 0)
    assert cache._unavailable_until == 5.0
    now = 6.0
    await cache.start_cooldown(1)
    assert cache._unavailable_until == 11.0
    await cache.close()


async def test_cache_is_empty_before_it_is_connected() -> None:
    cache = NameCache("redis://127.0.0.1:1/0", time.monotonic)
    assert await cache.find([1]) == {}
    await cache.close()
