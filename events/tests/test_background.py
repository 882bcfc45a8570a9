"""Errors of background tasks are in the log, and many requests for one task are few runs."""

import asyncio
import logging

import pytest

from battlescope_events.background import CoalescedRuns, start_in_background


async def fail() -> None:
    raise KeyError("lost")


async def test_failure_is_logged_with_the_name_and_the_stack(caplog: pytest.LogCaptureFixture) -> None:
    task = start_in_background(fail(), "names of a killmail")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "Background task names of a killmail failed: KeyError('lost')"
    assert record.exc_info


async def test_success_and_cancellation_are_silent(caplog: pytest.LogCaptureFixture) -> None:
    done, cancelled = start_in_background(asyncio.sleep(0), "short"), start_in_background(asyncio.sleep(60), "long")
    cancelled.cancel()
    await asyncio.wait([done, cancelled])
    await asyncio.sleep(0)
    assert caplog.records == []


class Work:
    """A task that runs until it is released."""

    def __init__(self) -> None:
        self.started, self.running, self.released = 0, 0, asyncio.Event()

    async def __call__(self) -> None:
        self.started += 1
        self.running += 1
        assert self.running == 1
        try:
            await self.released.wait()
        finally:
            self.running -= 1


async def test_requests_during_a_run_are_one_more_run() -> None:
    work = Work()
    runs = CoalescedRuns(work)
    requests = [asyncio.create_task(runs.request()) for _ in range(20)]
    await asyncio.sleep(0)
    assert work.started == 1
    work.released.set()
    assert await asyncio.gather(*requests) == [True, True] + 18 * [False]
    assert work.started == 2
    assert await runs.request()
    assert work.started == 3


async def test_failure_and_cancellation_end_only_their_own_run() -> None:
    work = Work()
    runs = CoalescedRuns(work)
    first, second = asyncio.create_task(runs.request()), asyncio.create_task(runs.request())
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    third = asyncio.create_task(runs.request())
    await asyncio.sleep(0)
    first.cancel()
    work.released.set()
    assert await third
    assert work.started == 2

    async def fail() -> None:
        raise KeyError("lost")

    failing = CoalescedRuns(fail)
    for _ in range(2):
        with pytest.raises(KeyError):
            await failing.request()
