"""Requests are counted exactly, also across instances, and limits hold without Valkey."""

import asyncio
from uuid import uuid4

import pytest
from guarded_api import Instance, Line, instance

from battlescope_events.access.rate_limits import RateLimiter
from battlescope_events.edge.limits import ANONYMOUS, USER, Limit
from battlescope_events.valkey.connection import Valkey
from battlescope_local.testing.sessions import AccountWriter

pytestmark = pytest.mark.stores


async def test_the_limit_is_exact_across_two_instances(valkey: str) -> None:
    limit = Limit("exact", 40)
    one, two = (Valkey(valkey, asyncio.get_running_loop().time) for _ in range(2))
    limiters = [RateLimiter(connection, asyncio.get_running_loop().time) for connection in (one, two)]
    usages = await asyncio.gather(*(limiters[number % 2].count(limit, "who") for number in range(100)))
    assert sum(usage.allowed for usage in usages) == limit.requests
    assert sorted(usage.remaining for usage in usages if usage.allowed) == list(range(limit.requests))
    assert all(0 < usage.reset <= limit.seconds for usage in usages)
    assert (await limiters[0].count(limit, "somebody else")).remaining == limit.requests - 1
    await one.close()
    await two.close()


async def test_the_window_slides(valkey: str) -> None:
    """A request counts for its own second, not for a fixed one that ends for all at once."""
    limit = Limit(f"sliding-{uuid4()}", 2, seconds=1)
    connection = Valkey(valkey, asyncio.get_running_loop().time)
    limiter = RateLimiter(connection, asyncio.get_running_loop().time)
    assert [(await limiter.count(limit, "w")).allowed for _ in range(3)] == [True, True, False]
    while not (await limiter.count(limit, "w")).allowed:
        pass
    await connection.close()


async def test_callers_above_the_limit_are_429(api: Instance, accounts: AccountWriter, valkey: str) -> None:
    login = accounts.log_in(roles={"sample": 10})
    async with instance(valkey) as other:
        for number in range(USER.requests):
            running = (api, other)[number % 2]
            response = await running.client.get("/api/sample/note", headers=login.headers)
            assert response.status_code == 200
        assert response.headers["x-ratelimit-remaining"] == "0"
        refused = await other.client.get("/api/sample/note", headers=login.headers)
    assert (refused.status_code, refused.headers["x-ratelimit-limit"]) == (429, str(USER.requests))
    assert 0 < refused.json()["retryAfter"] == int(refused.headers["retry-after"]) <= USER.seconds
    another = accounts.log_in(roles={"sample": 10})
    assert (await api.client.get("/api/sample/note", headers=another.headers)).status_code == 200


async def test_anonymous_requests_are_counted_by_the_address_that_our_proxy_states(api: Instance) -> None:
    async def ask(forwarded: str) -> int:
        return (await api.client.get("/api/sample/note", headers={"x-forwarded-for": forwarded})).status_code

    statuses = [await ask(f"10.0.0.{number}, 198.51.100.1") for number in range(ANONYMOUS.requests + 1)]
    assert statuses == [401] * ANONYMOUS.requests + [429]
    assert await ask("198.51.100.1, 198.51.100.2") == 401


async def test_addresses_of_one_ipv6_network_share_a_limit(api: Instance) -> None:
    async def ask(forwarded: str) -> int:
        return (await api.client.get("/api/sample/note", headers={"x-forwarded-for": forwarded})).status_code

    statuses = [await ask(f"2001:db8:1:2::{number:x}") for number in range(ANONYMOUS.requests + 1)]
    assert statuses == [401] * ANONYMOUS.requests + [429]
    assert await ask("2001:db8:1:3::1") == 401


async def test_limits_hold_without_valkey(line: Line) -> None:
    limit = Limit("without", 3)
    connection = Valkey(line.url, asyncio.get_running_loop().time, retry_seconds=0.0)
    now = [0.0]
    limiter = RateLimiter(connection, lambda: now[0])
    await line.cut()
    assert [(await limiter.count(limit, "w")).allowed for _ in range(4)] == [True, True, True, False]
    now[0] = 60.0
    assert (await limiter.count(limit, "w")).allowed
    await connection.close()
