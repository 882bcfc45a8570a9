"""The background run: several calls are one run, and an error ends none of the later ones."""

import asyncio

from battlescope_events.errors import TransientError
from search_index.services.indexing_loop import IndexingLoop


class Runs:
    def __init__(self, *, failures: int = 0) -> None:
        self.count = 0
        self.failures = failures
        self.ran = asyncio.Event()

    async def __call__(self) -> None:
        self.count += 1
        self.ran.set()
        if self.count <= self.failures:
            raise TransientError("the engine does not answer")


async def test_calls_within_the_delay_are_one_run() -> None:
    runs = Runs()
    loop = IndexingLoop(runs, delay_seconds=0)
    for _ in range(5):
        loop.wake()
    await runs.ran.wait()
    await loop.close()
    assert runs.count == 1


async def test_a_call_during_a_run_causes_another() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    count = 0

    async def run() -> None:
        nonlocal count
        count += 1
        started.set()
        await go_on.wait()

    loop = IndexingLoop(run, delay_seconds=0)
    loop.wake()
    await started.wait()
    started.clear()
    loop.wake()
    go_on.set()
    await started.wait()
    await loop.close()
    assert count == 2


async def test_a_failed_run_is_repeated_by_the_next_call() -> None:
    runs = Runs(failures=1)
    loop = IndexingLoop(runs, delay_seconds=0)
    loop.wake()
    await runs.ran.wait()
    runs.ran.clear()
    await asyncio.sleep(0)
    loop.wake()
    await runs.ran.wait()
    await loop.close()
    assert runs.count == 2


async def test_close_ends_a_waiting_run() -> None:
    runs = Runs()
    loop = IndexingLoop(runs, delay_seconds=3600)
    loop.wake()
    await loop.close()
    assert runs.count == 0
