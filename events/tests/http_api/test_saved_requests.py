"""What a write does after its transaction."""

import logging

import pytest

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.http_api.saved_requests import preferred_wait, publish_saved, wait_until_finished


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [(None, 5), ("wait=0", 0), ("respond-async, wait=7", 7), ('Wait="8"; x=y', 8), ("wait=999", 20), ("wait=-1", 5),
     ("await=3", 5), ("wait=9999999", 5), ("wait=3x", 5), ("wait=\u0663", 5)],
)  # fmt: skip
def test_preferred_wait_is_parsed_and_limited(prefer: str | None, seconds: int) -> None:
    assert preferred_wait(prefer, 5) == seconds


@pytest.mark.parametrize("error", [TransientError("The Broker is down."), PermanentError("Refused."), TimeoutError()])
async def test_failed_publishing_fails_no_request(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async def flush() -> None:
        raise error

    with caplog.at_level(logging.WARNING):
        await publish_saved(flush)
    assert "the outbox will retry" in caplog.text


async def test_work_is_reloaded_until_it_is_finished() -> None:
    class Work:
        loads = 0

        @property
        def is_finished(self) -> bool:
            return self.loads >= 3

    work = Work()

    async def load() -> Work:
        work.loads += 1
        return work

    assert (await wait_until_finished(load, 0)).loads == 1
    assert (await wait_until_finished(load, 60)).loads == 3
