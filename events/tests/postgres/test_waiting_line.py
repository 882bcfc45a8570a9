import asyncio

import pytest

from battlescope_events.errors import OverloadedError
from battlescope_events.postgres.waiting_line import WaitingLine


async def test_callers_enter_in_order_and_those_beyond_the_bound_are_refused_at_once() -> None:
    line = WaitingLine(1, max_waiting=2, max_seconds=60)
    entered: list[int] = []
    leave = asyncio.Event()

    async def enter(number: int) -> None:
        async with line.slot():
            entered.append(number)
            await leave.wait()

    callers = [asyncio.create_task(enter(number)) for number in range(4)]
    with pytest.raises(OverloadedError, match=r"^2 requests wait for a connection already\.$"):
        await callers[3]
    assert entered == [0]
    leave.set()
    await asyncio.gather(*callers[:3])
    assert entered == [0, 1, 2]


async def test_wait_has_an_end_and_leaves_the_line() -> None:
    line = WaitingLine(1, max_waiting=1, max_seconds=0.01)
    async with line.slot():
        for _ in range(2):
            with pytest.raises(OverloadedError, match=r"^No connection was free within 0\.01 s\.$"):
                async with line.slot():
                    pass
    async with line.slot():
        pass


async def test_cancelled_caller_leaves_the_line() -> None:
    line = WaitingLine(1, max_waiting=1, max_seconds=60)

    async def enter() -> str:
        async with line.slot():
            return "entered"

    async with line.slot():
        cancelled = asyncio.create_task(enter())
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        waiting = asyncio.create_task(enter())
        await asyncio.sleep(0)
    assert await waiting == "entered"
