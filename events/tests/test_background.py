"""Errors of background tasks are in the log, and many requests for one task are few runs."""

import asyncio
import logging

import pytest

from battlescope_events.background import CoalescedRuns, end_tasks, run_with_renewal, start_in_background


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


async def lose_a_cancellation() -> None:
    """As a task does whose driver loses the first one."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(60)


async def test_task_that_loses_a_cancellation_is_ended() -> None:
    tasks = [asyncio.create_task(lose_a_cancellation()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await end_tasks(*tasks)
    assert all(task.cancelled() for task in tasks)


async def test_ended_task_keeps_its_error() -> None:
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await end_tasks(task)
    assert isinstance(task.exception(), KeyError)


async def test_lease_is_renewed_until_the_work_ends() -> None:
    renewals = 0

    async def renew() -> None:
        nonlocal renewals
        renewals += 1

    async def work() -> str:
        while renewals < 3:
            await asyncio.sleep(0)
        return "done"

    async with asyncio.timeout(30):
        assert await run_with_renewal(work(), renew, interval_seconds=0) == "done"
    assert renewals == 3


async def test_failed_renewal_ends_the_work_and_failed_work_the_renewals() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await lose_a_cancellation()
        finally:
            ended.set()

    async with asyncio.timeout(30):
        with pytest.raises(KeyError):
            await run_with_renewal(work(), fail, interval_seconds=0)
        assert ended.is_set()
        with pytest.raises(KeyError):
            await run_with_renewal(fail(), fail, interval_seconds=60)


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
