"""Coalesces the name lookups of killmails that arrive together, within a time budget."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

from battlescope_events.background import start_in_background
from killmail_enrich.names.model import Name

GATHER_SECONDS: Final = 0.02  # how long the first lookup waits for others to join its request
BUDGET_SECONDS: Final = 2.0  # no killmail waits longer: it goes on without the names, and the timer fills them in


class RequestBatcher:
    """Requests each id once for all callers that wait for it. A request goes on after its callers have given up."""

    def __init__(
        self,
        fetch: Callable[[Collection[int]], Awaitable[Mapping[int, Name]]],
        *,
        gather_seconds: float = GATHER_SECONDS,
        budget_seconds: float = BUDGET_SECONDS,
        max_requests: int = sys.maxsize,
    ) -> None:
        """While `max_requests` are in flight, a call returns nothing at once."""
        self._fetch = fetch
        self._gather_seconds = gather_seconds
        self._budget_seconds = budget_seconds
        self._max_requests = max_requests
        self._results: dict[int, asyncio.Future[Name | None]] = {}
        self._next_ids: list[int] = []
        self._requests: set[asyncio.Task[None]] = set()

    async def __call__(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """The names that arrive within the budget, by id."""
        if len(self._requests) >= self._max_requests:
            return {}
        done, _ = await asyncio.wait([self._result(i) for i in entity_ids], timeout=self._budget_seconds)
        return {name.entity_id: name for future in done if (name := future.result())}

    async def close(self) -> None:
        """Wait for the requests in flight."""
        await asyncio.gather(*self._requests, return_exceptions=True)

    def _result(self, entity_id: int) -> "asyncio.Future[Name | None]":
        if entity_id not in self._results:
            self._results[entity_id] = asyncio.get_running_loop().create_future()
            self._next_ids.append(entity_id)
            if len(self._next_ids) == 1:
                request = start_in_background(self._request(), "request for names")
                self._requests.add(request)
                request.add_done_callback(self._requests.discard)
        return self._results[entity_id]

    async def _request(self) -> None:
        await asyncio.sleep(self._gather_seconds)
        entity_ids, self._next_ids = self._next_ids, []
        names: dict[int, Name] = {}
        try:
            names.update(await self._fetch(entity_ids))
        finally:
            for entity_id in entity_ids:
                self._results.pop(entity_id).set_result(names.get(entity_id))
