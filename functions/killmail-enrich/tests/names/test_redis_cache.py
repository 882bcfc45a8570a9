"""The cache of names on a real Valkey, and without one."""

import time
from collections.abc import AsyncIterator

import pytest
import redis

from battlescope_events.valkey.connection import Valkey
from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import USABLE_SECONDS, Name
from killmail_enrich.names.redis_cache import MAX_ASKED, NameCache

pytestmark = pytest.mark.stores
VERA = Name(90000001, EntityType.CHARACTER, "Vera", 5.0)
UNKNOWN = Name(90000009, None, None, 6.0, attempts=3)


@pytest.fixture
async def cache(valkey: str) -> AsyncIterator[NameCache]:
    connection = Valkey(valkey, time.monotonic)
    await connection.connect()
    yield NameCache(connection)
    await connection.close()


async def test_only_stored_names_are_returned(cache: NameCache) -> None:
    await cache.put([VERA, UNKNOWN])
    await cache.put([])
    stored = {name.entity_id: name for name in (VERA, UNKNOWN)}
    assert await cache.find([VERA.entity_id, 1, UNKNOWN.entity_id]) == stored


async def test_a_thousand_names_are_stored_by_one_command_for_a_week(cache: NameCache, valkey: str) -> None:
    names = [Name(i, EntityType.CHARACTER, f"Ñame \\ {i}\t", 5.5) for i in range(1, 1001)]
    await cache.put(names[:1])
    with redis.Redis.from_url(valkey) as client:
        client.config_resetstat()
        await cache.put(names)
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
        assert USABLE_SECONDS - 60 < client.ttl("esi:names:1000") <= USABLE_SECONDS
    assert await cache.find(range(1, MAX_ASKED + 1)) == {name.entity_id: name for name in names[:MAX_ASKED]}


async def test_many_names_are_left_to_the_database(cache: NameCache) -> None:
    await cache.put([VERA])
    assert await cache.find([VERA.entity_id, *range(MAX_ASKED)]) == {}


async def test_names_of_an_older_version_are_read(cache: NameCache, valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        client.set("esi:names:90000001", '["character","Vera",5.0]')
    assert await cache.find([VERA.entity_id]) == {VERA.entity_id: VERA}


async def test_unreachable_server_means_an_empty_cache() -> None:
    connection = Valkey("redis://127.0.0.1:1/0", time.monotonic)
    await connection.connect()
    await NameCache(connection).put([VERA])
    assert await NameCache(connection).find([VERA.entity_id]) == {}
    await connection.close()


async def test_cache_is_empty_before_it_is_connected(valkey: str) -> None:
    connection = Valkey(valkey, time.monotonic)
    await NameCache(connection).put([VERA])
    assert await NameCache(connection).find([VERA.entity_id]) == {}
    await connection.close()
