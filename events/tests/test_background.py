"""An error of a background task is in the log, whether or not somebody awaits the task."""

import asyncio
import logging

import pytest

from battlescope_events.background import start_in_background


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
