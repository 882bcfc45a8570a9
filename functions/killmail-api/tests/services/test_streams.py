"""Streams on a real database and a real Valkey: nothing is missed, whatever fails, and clients may resume."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from guarded_api import Line
from killmail_dependencies import make_feed, make_streams
from pydantic import SecretStr

from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.valkey.connection import Valkey
from battlescope_events.valkey.live_log import LiveLog
from battlescope_schemas.live.log import LIVE_LOG_KEY, BattleChange, LiveBattle, LiveKind
from killmail_api.domain.stream_filter import StreamFilter, Topics
from killmail_api.domain.stream_position import read_position
from killmail_api.services import live_feed
from killmail_api.services.streams import StreamRequest, Streams

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
KILLMAILS = Topics(killmails=True)
BOTH = Topics(killmails=True, battles=True)
SECONDS = 30


@dataclass
class Client:
    """Reads a stream as a browser does."""

    events: AsyncGenerator[str | bytes]
    last_id: str = ""
    frames: list[str] = field(default_factory=list[str])

    async def next_events(self) -> list[tuple[str, Any]]:
        """The events of the next frame."""
        frame = await anext(self.events)
        self.frames.append(frame if isinstance(frame, str) else frame.decode())
        events: list[tuple[str, Any]] = []
        for block in self.frames[-1].split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            self.last_id = fields.get("id", self.last_id)
            if "event" in fields:
                events.append((fields["event"], json.loads(fields["data"])))
        return events

    async def until_killmail(self, killmail_id: int) -> list[int]:
        """The ids of the killmails up to this one, without those of snapshots."""
        ids: list[int] = []
        async with asyncio.timeout(SECONDS):
            while killmail_id not in ids:
                ids += [int(data["killmailId"]) for name, data in await self.next_events() if name == "killmail"]
        return ids

    async def until(self, name: str) -> Any:
        """The data of the next event of this name."""
        async with asyncio.timeout(SECONDS):
            while True:
                for event_name, data in await self.next_events():
                    if event_name == name:
                        return data


class Setup:
    """A feed, its streams, and the side that stores killmails and appends to the log."""

    def __init__(self, database: Database, valkey: Valkey, publisher: Valkey, rows: Any) -> None:
        self.database, self.valkey, self.rows = database, valkey, rows
        self.log = LiveLog(publisher)
        self.feed = make_feed(database, valkey)
        self.streams = make_streams(self.feed, database)

    async def store(self, *killmail_ids: int, announced: bool = True, **fields: Any) -> None:
        for killmail_id in killmail_ids:
            self.rows.insert_killmail(killmail_id, **{"enriched_at": datetime.now(UTC)} | fields)
        if announced:
            await self.log.append([(LiveKind.KILLMAIL, f'{{"killmailId":"{i}"}}') for i in killmail_ids])

    def client(
        self, topics: Topics = KILLMAILS, since: str = "", streams: Streams | None = None, **options: Any
    ) -> Client:
        request = StreamRequest(StreamFilter(topics), 25, read_position(since), **options)
        return Client((streams or self.streams).events(request))


@pytest.fixture
async def line(valkey: str) -> AsyncIterator[Line]:
    line = Line(valkey)
    await line.mend()
    yield line
    await line.cut()


@pytest.fixture
async def setup(database: str, line: Line, valkey: str, rows: Any) -> AsyncIterator[Setup]:
    reader = Valkey(line.url, time.monotonic, retry_seconds=0.05, timeout_seconds=3)
    publisher = Valkey(valkey, time.monotonic)
    async with open_pool(SecretStr(database), "killmail-api", max_size=4, timeout_seconds=1) as pool:
        yield Setup(Database(pool, "killmail"), reader, publisher, rows)
    await reader.close()
    await publisher.close()


async def test_snapshot_comes_first_and_then_each_killmail_once_in_order(setup: Setup) -> None:
    await setup.store(1, 2, announced=False)
    client = setup.client()
    async with aclosing(client.events):
        snapshot = await client.until("snapshot")
        assert {item["killmailId"] for item in snapshot["killmails"]} == {"1", "2"}
        assert (snapshot["battles"], snapshot["status"]) == (None, "healthy")
        await setup.store(3, 4)
        await setup.store(5)
        assert await client.until_killmail(5) == [3, 4, 5]
    assert client.frames[0].startswith("retry: ")


async def test_killmails_stream_begins_with_an_array_and_once_ends_it(setup: Setup) -> None:
    await setup.store(1)
    client = setup.client(is_list=True, once=True)
    (item,) = await client.until("snapshot")
    assert item["killmailId"] == "1"
    with pytest.raises(StopAsyncIteration):
        await client.next_events()
    assert setup.feed.streams == 0


async def test_client_resumes_at_another_instance_without_loss(setup: Setup) -> None:
    first = setup.client()
    async with aclosing(first.events):
        await first.until("snapshot")
        await setup.store(1)
        await first.until_killmail(1)
    await setup.store(*range(2, 1300))
    other = make_streams(make_feed(setup.database, setup.valkey), setup.database)
    again = setup.client(since=first.last_id, streams=other)
    async with aclosing(again.events):
        received = await again.until_killmail(1299)
    assert received == list(range(2, 1300))


async def test_client_resumes_at_the_same_instance_from_what_is_kept(setup: Setup) -> None:
    keeps_running, first = setup.client(), setup.client()
    async with aclosing(keeps_running.events), aclosing(first.events):
        await keeps_running.until("snapshot")
        await first.until("snapshot")
        await setup.store(1, 2)
        await first.until_killmail(1)
        await first.events.aclose()
        await setup.store(3)
        await keeps_running.until_killmail(3)
        again = setup.client(since=first.last_id)
        async with aclosing(again.events):
            assert await again.until_killmail(3) == [3]


async def test_client_whose_position_the_log_no_longer_has_gets_what_was_stored_since(
    setup: Setup, valkey: str
) -> None:
    client = setup.client()
    async with aclosing(client.events):
        await client.until("snapshot")
        await setup.store(1)
        await client.until_killmail(1)
    with redis.Redis.from_url(valkey) as store:
        store.delete(LIVE_LOG_KEY)
    await setup.store(2, 3)
    again = setup.client(BOTH, since=client.last_id)
    async with aclosing(again.events):
        assert await again.until_killmail(3) == [1, 2, 3]  # the time of enrichment overlaps by a minute
        position = read_position(again.last_id)
        assert position is not None
        assert position.offset > 0
        third = setup.client(BOTH, since=again.last_id)
        async with aclosing(third.events):
            assert set(await third.until_killmail(3)) >= {2, 3}


async def test_position_that_is_too_old_or_of_the_future_begins_with_a_snapshot(setup: Setup) -> None:
    await setup.store(1)
    now = round(datetime.now(UTC).timestamp() * 1000)
    two_hours = round(timedelta(hours=2).total_seconds() * 1000)
    for milliseconds in (0, now - two_hours, now + two_hours, 253_402_300_799_999, 253_402_300_800_000, 10**15 - 1):
        client = setup.client(since=f"{milliseconds}-0")
        async with aclosing(client.events):
            assert len((await client.until("snapshot"))["killmails"]) == 1


async def test_battles_are_sent_by_topic_with_the_revision_that_is_current(setup: Setup) -> None:
    setup.rows.connection.execute("INSERT INTO battles VALUES ('b-1', 7), ('b-2', 8)")
    setup.rows.connection.execute("INSERT INTO battle_killmails VALUES (1, 'b-1')")
    client = setup.client(Topics(battle_ids=frozenset({"b-1", "b-2", "b-3"})))
    async with aclosing(client.events):
        snapshot = await client.until("snapshot")
        assert snapshot["killmails"] is None
        revisions = {row["battleId"]: (row["revision"], row["isDeleted"]) for row in snapshot["battles"]}
        assert revisions == {"b-1": (7, False), "b-2": (8, True)}
        for battle_id in ("b-9", "b-1"):
            battle = LiveBattle(battle_id=battle_id, revision=8, change=BattleChange.DELETED)
            await setup.log.append([(LiveKind.BATTLE, battle.model_dump_json(by_alias=True))])
        assert (await client.until("battle"))["battleId"] == "b-1"


async def test_entries_that_no_reader_knows_or_that_are_broken_stop_nothing(setup: Setup) -> None:
    client = setup.client()
    async with aclosing(client.events):
        await client.until("snapshot")
        await setup.log.append(
            [("later" + "kind", "{}"), (LiveKind.KILLMAIL, "no json"), (LiveKind.KILLMAIL, '{"killmailId":"99"}')]
        )
        await setup.store(1)
        assert await client.until_killmail(1) == [1]


async def test_stream_goes_on_while_valkey_does_not_answer(setup: Setup, line: Line) -> None:
    client = setup.client(BOTH)
    async with aclosing(client.events):
        await client.until("snapshot")
        await line.cut()
        await setup.store(1, announced=False)
        assert await client.until_killmail(1) == [1]
        assert setup.feed.is_degraded
        during = setup.client()
        async with aclosing(during.events):
            assert (await during.until("snapshot"))["status"] == "degraded"
        await line.mend()
        await client.until("missed")
        assert not setup.feed.is_degraded
        await setup.store(2)
        assert await client.until_killmail(2) == [2]


async def test_lost_log_is_noticed_while_the_stream_runs(setup: Setup, valkey: str) -> None:
    client = setup.client()
    async with aclosing(client.events):
        await client.until("snapshot")
        await setup.store(1)
        await client.until_killmail(1)
        await setup.store(2, announced=False)  # its entry is lost with the log
        with redis.Redis.from_url(valkey) as store:
            store.delete(LIVE_LOG_KEY)
        await setup.store(3)
        assert set(await client.until_killmail(3)) == {2, 3}


async def test_killmail_that_was_never_announced_is_swept_up(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_feed, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(live_feed, "WAIT_MS", 10)
    client = setup.client()
    async with aclosing(client.events):
        await client.until("snapshot")
        await setup.store(1, announced=False)
        assert await client.until_killmail(1) == [1]
        await setup.store(2, announced=False, source="historical")
        await setup.store(3, announced=False)
        assert await client.until_killmail(3) == [3]


async def test_killmail_that_a_sweep_was_faster_with_is_sent_once_and_its_next_value_too(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(live_feed, "WAIT_MS", 10)
    client = setup.client()
    async with aclosing(client.events):
        await client.until("snapshot")
        await setup.store(1, announced=False)
        assert await client.until_killmail(1) == [1]
        announcement = (LiveKind.KILLMAIL, '{"killmailId":"1"}')
        await setup.log.append([announcement])
        await setup.store(2)
        assert await client.until_killmail(2) == [2]
        await setup.log.append([announcement])
        assert await client.until_killmail(1) == [1]


async def test_slow_client_misses_nothing(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.feed, "_items", deque(maxlen=20))
    slow, quick = setup.client(), setup.client()
    async with aclosing(slow.events), aclosing(quick.events):
        await slow.until("snapshot")
        await quick.until("snapshot")
        for first in range(1, 200, 10):
            await setup.store(*range(first, first + 10))
            await quick.until_killmail(first + 9)
        assert await slow.until_killmail(200) == list(range(1, 201))


async def test_frames_hold_many_killmails_and_are_at_most_ten_a_second(setup: Setup) -> None:
    client = setup.client()
    async with aclosing(client.events):
        await client.until("snapshot")
        before = len(client.frames)
        started = time.monotonic()
        for first in range(1, 300, 20):
            await setup.store(*range(first, first + 20))
        assert await client.until_killmail(300) == list(range(1, 301))
        elapsed = time.monotonic() - started
    assert len(client.frames) - before <= elapsed / live_feed.PACE_SECONDS + 2


async def test_heartbeat_has_the_position_of_what_a_filter_leaves_out(setup: Setup) -> None:
    streams = make_streams(setup.feed, setup.database, heartbeat_seconds=0.3)
    client = setup.client(Topics(battles=True), streams=streams)
    async with aclosing(client.events):
        await client.until("snapshot")
        before = read_position(client.last_id)
        await setup.store(1)
        while read_position(client.last_id) == before:
            beat = await client.until("heartbeat")
        assert beat["status"] == "healthy"
        assert setup.feed.position == read_position(client.last_id)


async def test_stream_ends_after_its_time_and_at_once_when_the_process_stops(setup: Setup) -> None:
    client = setup.client(streams=make_streams(setup.feed, setup.database, max_seconds=0.2))
    async with asyncio.timeout(SECONDS):
        assert [event async for event in client.events]
    stopping = False
    feed = make_feed(setup.database, setup.valkey, is_stopping=lambda: stopping)
    client = setup.client(streams=make_streams(feed, setup.database))
    await client.until("snapshot")
    stopping = True
    async with asyncio.timeout(SECONDS):
        async for _ in client.events:
            pass
    assert feed.streams == 0


async def test_database_that_does_not_answer_gives_a_snapshot_without_killmails(line: Line) -> None:
    valkey = Valkey(line.url, time.monotonic, timeout_seconds=3)
    unreachable = SecretStr("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    async with open_pool(unreachable, "killmail-api", max_size=1, timeout_seconds=0.2) as pool:
        nothing = Database(pool, "killmail")
        feed = make_feed(nothing, valkey)
        client = Client(make_streams(feed, nothing).events(StreamRequest(StreamFilter(BOTH), 25)))
        async with aclosing(client.events):
            snapshot = await client.until("snapshot")
            assert (snapshot["killmails"], snapshot["status"]) == (None, "degraded")
    await valkey.close()
