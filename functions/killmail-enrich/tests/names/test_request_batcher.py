"""Coalescing lookups: one request for all callers, within the time budget."""

import asyncio
from collections.abc import Collection, Mapping

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import Name
from killmail_enrich.names.request_batcher import RequestBatcher


def pilot(entity_id: int) -> Name:
    return Name(entity_id, EntityType.CHARACTER, f"Pilot {entity_id}", 0.0)


async def test_concurrent_lookups_share_one_request() -> None:
    requests: list[set[int]] = []

    async def fetch(entity_ids: Collection[int]) -> Mapping[int, Name]:
        requests.append(set(entity_ids))
        return {i: pilot(i) for i in entity_ids if i < 4}

    batcher = RequestBatcher(fetch, gather_seconds=0.01, budget_seconds=60)
    first, second = await asyncio.gather(batcher({1, 2}), batcher({2, 3, 4}))
    assert (set(first), set(second)) == ({1, 2}, {2, 3})
    assert requests == [{1, 2, 3, 4}]


async def test_request_goes_on_after_its_caller_ran_out_of_budget() -> None:
    may_respond = asyncio.Event()

    async def slow(entity_ids: Collection[int]) -> Mapping[int, Name]:
        await may_respond.wait()
        return {i: pilot(i) for i in entity_ids}

    batcher = RequestBatcher(slow, gather_seconds=0, budget_seconds=0.01)
    assert await batcher({1}) == {}
    batcher._budget_seconds = 60.0
    waiting = asyncio.create_task(batcher({1}))
    may_respond.set()
    await batcher.close()
    assert set(await waiting) == {1}


async def test_failed_request_releases_its_ids() -> None:
    async def broken(_: Collection[int]) -> Mapping[int, Name]:
        raise KeyError

    batcher = RequestBatcher(broken, gather_seconds=0)
    assert await batcher({1}) == {}
    await asyncio.gather(*batcher._requests, return_exceptions=True)
    assert batcher._results == {}


async def test_lookup_does_not_wait_while_the_maximum_of_requests_is_in_flight() -> None:
    has_request, may_respond = asyncio.Event(), asyncio.Event()

    async def slow(entity_ids: Collection[int]) -> Mapping[int, Name]:
        has_request.set()
        await may_respond.wait()
        return {i: pilot(i) for i in entity_ids}

    batcher = RequestBatcher(slow, gather_seconds=0, budget_seconds=600, max_requests=1)
    first = asyncio.create_task(batcher({1}))
    await has_request.wait()
    assert await asyncio.wait_for(batcher({2}), 60) == {}, "a tenth of the budget: the lookup does not wait"
    may_respond.set()
    assert set(await first) == {1}
    await batcher.close()
    assert set(await batcher({2})) == {2}
