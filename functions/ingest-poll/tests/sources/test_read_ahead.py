"""What is fetched ahead is used only where the position goes on from it."""

import asyncio
from datetime import UTC, datetime

import pytest

from ingest_poll.feed.batch import FetchedFiles
from ingest_poll.feed.feed_state import FeedPosition, Transition
from ingest_poll.sources.read_ahead import ReadAhead

LATER = datetime(2026, 10, 3, 13, tzinfo=UTC)


class Source:
    """A feed whose passes have ten files, and come when the test releases them."""

    def __init__(self) -> None:
        self.started, self.cancelled, self.released = list[int | None](), list[int | None](), asyncio.Event()

    async def fetch(self, position: FeedPosition) -> FetchedFiles:
        self.started.append(position.cursor)
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled.append(position.cursor)
            raise
        return FetchedFiles(position, Transition(FeedPosition(cursor=(position.cursor or 0) + 10)))


async def test_files_after_the_stored_position_are_those_fetched_ahead() -> None:
    source = Source()
    read_ahead = ReadAhead(source.fetch)
    read_ahead.start(FeedPosition(cursor=10))
    await asyncio.sleep(0)
    assert (source.started, read_ahead.is_started) == ([10], True)
    source.released.set()
    fetched = await read_ahead.fetch(FeedPosition(cursor=10))
    assert fetched.transition.position.cursor == 20
    assert (source.started, read_ahead.is_started) == ([10], False)
    await read_ahead.fetch(FeedPosition(cursor=20))
    assert source.started == [10, 20]


async def test_a_pass_that_is_not_stored_drops_what_was_fetched_after_it() -> None:
    source = Source()
    read_ahead = ReadAhead(source.fetch)
    read_ahead.start(FeedPosition(cursor=20))
    await asyncio.sleep(0)
    again = asyncio.create_task(read_ahead.fetch(FeedPosition(cursor=10, quiet_until=LATER)))
    while source.started != [20, 10]:
        await asyncio.sleep(0)
    assert source.cancelled == [20]
    source.released.set()
    assert (await again).start.cursor == 10


async def test_only_one_pass_is_fetched_ahead_and_none_outlives_its_run() -> None:
    source = Source()
    read_ahead = ReadAhead(source.fetch)
    read_ahead.start(FeedPosition(cursor=10))
    read_ahead.start(FeedPosition(cursor=20))
    await asyncio.sleep(0)
    await read_ahead.drop()
    assert (source.started, source.cancelled) == ([10], [10])
    waiting = asyncio.create_task(read_ahead.fetch(FeedPosition(cursor=30)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert source.cancelled == [10, 30]


async def test_failure_ahead_is_raised_where_its_files_are_needed() -> None:
    async def fail(_: FeedPosition) -> FetchedFiles:
        raise KeyError("lost")

    read_ahead = ReadAhead(fail)
    read_ahead.start(FeedPosition(cursor=10))
    await asyncio.sleep(0)
    with pytest.raises(KeyError):
        await read_ahead.fetch(FeedPosition(cursor=10))
