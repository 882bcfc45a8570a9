"""Kept answers over a real database: every instance drops what a commit changes, and nothing else."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from battle_api_harness import ApiHarness, change_dependencies
from pydantic import SecretStr

from battle_api.main import CHANGES
from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_events.postgres.notifications import notifications
from battlescope_local.testing.http.http_contract import REFUSALS, BrokenGuard

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"
LIMIT = 10.0  # seconds for what takes milliseconds


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + LIMIT
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@asynccontextmanager
async def kept(harness: ApiHarness) -> AsyncGenerator[ResponseCache]:
    """Another instance: its own cache and subscription, in front of the same database."""
    cache = ResponseCache(time.monotonic)
    began = asyncio.Event()

    class Listener:
        def subscription_began(self) -> None:
            cache.subscription_began()
            began.set()

        subscription_ended = cache.subscription_ended
        notified = cache.notified

    async with notifications(SecretStr(harness.owner), CHANGES, "test", Listener()):
        async with asyncio.timeout(LIMIT):
            await began.wait()
        yield cache


async def name_of(api: httpx2.AsyncClient, cache: ResponseCache, path: str) -> str | None:
    change_dependencies(responses=cache)
    body = (await api.get(path)).json()
    return body["name"] if "name" in body else next(i["name"] for i in body["items"] if i["id"] == FIRST)


@pytest.mark.parametrize("path", [f"/api/battles/{FIRST}", "/api/battles", "/api/regions/10000002/battles"])
async def test_change_reaches_every_instance(harness: ApiHarness, path: str) -> None:
    async with kept(harness) as one, kept(harness) as other:
        for cache in (one, other):
            assert await name_of(harness.api, cache, path) == "The Jita brawl"
        harness.sql("UPDATE battles SET name = 'Second' WHERE id = %s", FIRST)
        for cache in (one, other):

            async def changed(cache: ResponseCache = cache) -> bool:
                return await name_of(harness.api, cache, path) == "Second"

            await until(changed)


async def test_answer_about_another_battle_stays(harness: ApiHarness) -> None:
    async with kept(harness) as cache:
        path = f"/api/battles/{FIRST}"
        await name_of(harness.api, cache, path)
        # What no notification tells of shows whether the answer is the kept one.
        harness.sql("ALTER TABLE battles DISABLE TRIGGER USER")
        harness.sql("UPDATE battles SET name = 'Unseen'")
        harness.sql("ALTER TABLE battles ENABLE TRIGGER USER")
        harness.sql("UPDATE battles SET tier = 'small' WHERE id = %s", SECOND)
        second = f"/api/battles/{SECOND}"

        async def arrived() -> bool:
            change_dependencies(responses=cache)
            return (await harness.api.get(second)).json()["tier"] == "small"

        await until(arrived)
        assert await name_of(harness.api, cache, path) == "The Jita brawl"


async def test_edit_drops_every_answer_since_it_may_be_shown_with_several_battles(harness: ApiHarness) -> None:
    async with kept(harness) as cache:
        change_dependencies(responses=cache)
        path = f"/api/battles/{FIRST}"
        assert (await harness.api.get(path)).json()["editCount"] == 0
        assert (await harness.edit(FIRST, {"kind": "rename", "name": "Siege"})).status_code == 202

        async def counted() -> bool:
            return (await harness.api.get(path)).json()["editCount"] == 1

        await until(counted)


async def test_killed_subscription_is_renewed_and_keeps_nothing_that_it_may_have_missed(harness: ApiHarness) -> None:
    async with kept(harness) as cache:
        path = f"/api/battles/{FIRST}"
        await name_of(harness.api, cache, path)
        harness.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'")
        harness.sql("UPDATE battles SET name = 'Missed' WHERE id = %s", FIRST)

        async def changed() -> bool:
            return await name_of(harness.api, cache, path) == "Missed"

        await until(changed)
        harness.sql("UPDATE battles SET name = 'Renamed' WHERE id = %s", FIRST)

        async def is_renamed() -> bool:
            return await name_of(harness.api, cache, path) == "Renamed"

        await until(is_renamed)


async def test_kept_answer_is_only_for_those_who_have_the_right_and_for_what_was_checked(harness: ApiHarness) -> None:
    async with kept(harness) as cache:
        change_dependencies(responses=cache)
        path = "/api/battles?limit=1"
        first = await harness.api.get(path)
        for refusal, status in zip(REFUSALS, (401, 403), strict=True):
            change_dependencies(guard=BrokenGuard(refusal))
            assert (await harness.api.get(path)).status_code == status
        change_dependencies(guard=OwnerGuard(None, OriginPolicy()))
        assert (await harness.api.get(path)).content == first.content
        for invalid in ("/api/battles?limt=1", "/api/battles?limit=0"):
            assert [(await harness.api.get(invalid)).status_code for _ in range(2)] == [400, 400]
