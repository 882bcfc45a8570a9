"""The log of one machine: a SQLite file in the node's own process, with Kafka's topics, partitions and group offsets.

Nobody but the node reads or writes it, so it needs no server. Every acknowledged record is on disk (WAL, synced at
each commit); what is said at the same moment shares one commit, which is what makes it fast. It stands in for the
embedded broker, Tansu on S3: that one reads all batches of a partition anew at each fetch, and five Triggers brought it
from 27 small batches a second to 4 after the first 1,200 (README, decision 7).
"""

import asyncio
import math
import queue
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zlib import crc32

from battlescope_local.log import sqlite_schema as file
from battlescope_local.log.port import NotDurable, Reader, Record, Stored, Topic
from battlescope_local.log.tail_cache import Recent

BATCH: Final = 500  # records that share a commit at most: a bound on what a slow disk makes others wait
EXPIRE_EVERY: Final = 3600.0  # seconds
Place = tuple[str, int]


@dataclass(slots=True)
class _Write:
    """A statement on its way to the disk, and who waits for it."""

    statement: str
    values: tuple[object, ...]
    done: asyncio.Future[None]


@dataclass(slots=True)
class _Addition:
    """A record on its way to the disk; the writer gives it its offset."""

    place: Place
    record: Record
    done: asyncio.Future[None]
    stored: Stored | None = None


_Work = _Write | _Addition


@dataclass(slots=True)
class _TopicState:
    """Where each partition of a topic ends, its newest records, and a bell for those who wait for more."""

    ends: dict[int, int] = field(default_factory=dict[int, int])
    recent: defaultdict[int, Recent] = field(default_factory=lambda: defaultdict[int, Recent](Recent))
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, stored: Stored) -> None:
        self.recent[stored.partition].add(stored)
        self.ends[stored.partition] = stored.offset + 1

    def ring(self) -> None:
        bell, self.bell = self.bell, asyncio.Event()
        bell.set()


class SqliteLog:
    """Made by `sqlite_log`. One thread writes; each reader reads what memory lacks in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._news: defaultdict[str, _TopicState] = defaultdict(_TopicState)
        self._partitions: dict[str, int] = {}
        self._turn = 0
        self._ends: dict[Place, int] = {}  # the writer's own: readers hear of an end when it is on disk
        self._writes: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="log-writer", daemon=True)

    def open(self) -> None:
        self._path.parent.mkdir(exist_ok=True, mode=0o700)
        with closing(file.connect(self._path)) as connection:
            connection.executescript(file.TABLES)
            self._partitions = dict(connection.execute(file.TOPICS))
            for topic, partition, offset in connection.execute(file.ENDS):
                self._news[topic].ends[partition] = self._ends[topic, partition] = offset
        self._writer.start()

    def close(self) -> None:
        self._writes.put(None)
        self._writer.join()

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        for topic in topics:
            kept = topic.config.get("retention.ms")
            await self._durably(file.ADD_TOPIC, (topic.name, topic.partitions, int(kept) if kept else None))
            self._partitions.setdefault(topic.name, topic.partitions)

    async def produce(self, topic: str, record: Record) -> None:
        if topic not in self._partitions:
            raise NotDurable(f"There is no topic {topic}.")
        done: asyncio.Future[None] = self._loop.create_future()
        self._writes.put(_Addition((topic, self._partition(topic, record.key)), record, done))
        await done

    def _partition(self, topic: str, key: bytes | None) -> int:
        """The same key is the same partition; without a key, each in turn."""
        self._turn += 1
        return (self._turn if key is None else crc32(key)) % self._partitions[topic]

    async def _durably(self, statement: str, values: tuple[object, ...]) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._writes.put(_Write(statement, values, done))
        await done

    def _write(self) -> None:
        with closing(file.connect(self._path)) as connection:
            expired = -math.inf  # not 0, which on a machine that runs for less than an hour is just now
            while (work := self._writes.get()) is not None:
                self._commit(connection, [work, *self._more()])
                if time.monotonic() - expired > EXPIRE_EVERY:
                    expired = time.monotonic()
                    connection.execute(file.EXPIRE, (_milliseconds(),))

    def _more(self) -> list[_Work]:
        """What waits already; the end of all work is left for the next look."""
        found: list[_Work] = []
        while len(found) < BATCH and not self._writes.empty():
            following = self._writes.get()
            if following is None:
                self._writes.put(None)
                break
            found.append(following)
        return found

    def _commit(self, connection: sqlite3.Connection, batch: list[_Work]) -> None:
        ends: dict[Place, int] = {}
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work in batch:
                self._execute(connection, work, ends)
            connection.executemany(file.SET_END, [(*place, end) for place, end in ends.items()])
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            connection.rollback()
            fault = NotDurable(f"The log did not keep the record: {error}")
            self._loop.call_soon_threadsafe(_fail, batch, fault)
        else:
            self._ends |= ends
            self._loop.call_soon_threadsafe(self._settle, batch)

    def _execute(self, connection: sqlite3.Connection, work: _Work, ends: dict[Place, int]) -> None:
        if isinstance(work, _Write):
            connection.execute(work.statement, work.values)
            return
        topic, partition = work.place
        offset = ends.get(work.place, self._ends.get(work.place, 0))
        work.stored = Stored(partition, offset, work.record, _milliseconds())
        connection.execute(file.ADD, file.row(topic, work.stored))
        ends[work.place] = offset + 1

    def _settle(self, batch: list[_Work]) -> None:
        topics = set[str]()
        for work in batch:
            if isinstance(work, _Addition) and work.stored is not None:
                topics.add(work.place[0])
                self._news[work.place[0]].add(work.stored)
            if not work.done.done():
                work.done.set_result(None)
        for topic in topics:
            self._news[topic].ring()

    @asynccontextmanager
    async def reader(self, topic: str, group: str) -> AsyncGenerator[Reader]:
        with closing(file.connect(self._path)) as connection:
            reader = SqliteReader(self, topic, group, connection)
            reader.open(self._partitions[topic])
            try:
                yield reader
            finally:
                reader.close()

    async def tail(self, topic: str, limit: int) -> Sequence[Stored]:
        def last() -> list[Stored]:
            with closing(file.connect(self._path)) as connection:
                return [file.stored(row) for row in connection.execute(file.LAST, (topic, limit))][::-1]

        return await asyncio.to_thread(last)

    def news(self, topic: str) -> _TopicState:
        return self._news[topic]

    async def remember(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        writes = (self._durably(file.COMMIT, (group, topic, number, offset)) for number, offset in offsets.items())
        await asyncio.gather(*writes)


class SqliteReader:
    """One group's place in one topic."""

    def __init__(self, log: SqliteLog, topic: str, group: str, connection: sqlite3.Connection) -> None:
        self._log, self._topic, self._group, self._connection = log, topic, group, connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"read-{topic}")
        self.start: Mapping[int, int] = {}
        self._places: dict[int, int] = {}
        self._paused = frozenset[int]()

    def open(self, partitions: int) -> None:
        known = dict(self._connection.execute(file.COMMITTED, (self._group, self._topic)))
        self.start = {partition: known.get(partition, 0) for partition in range(partitions)}
        self._places = dict(self.start)

    def close(self) -> None:
        self._thread.shutdown()

    async def read(self, limit: int) -> Sequence[Stored]:
        news = self._log.news(self._topic)
        bell = news.bell
        behind = [one for one in self._places if self._behind(one, news)]
        if not behind:
            await bell.wait()
            return ()
        each = max(1, limit // len(behind))
        found = [stored for one in behind for stored in await self._following(one, each, news)]
        for stored in found:
            self._places[stored.partition] = stored.offset + 1
        return found

    def _behind(self, partition: int, news: _TopicState) -> bool:
        return partition not in self._paused and self._places[partition] < news.ends.get(partition, 0)

    async def _following(self, partition: int, limit: int, news: _TopicState) -> Sequence[Stored]:
        place, end = self._places[partition], news.ends[partition]
        held = news.recent[partition].since(place, limit)
        if held is not None:
            return held
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, self._from_file, (self._topic, partition, place, limit))
        if not found:
            self._places[partition] = end  # all before it is too old to be kept
        return found

    def _from_file(self, place: tuple[str, int, int, int]) -> Sequence[Stored]:
        return [file.stored(row) for row in self._connection.execute(file.READ, place)]

    async def commit(self, offsets: Mapping[int, int]) -> None:
        await self._log.remember(self._group, self._topic, offsets)

    def pause(self, partitions: Collection[int]) -> None:
        self._paused = self._paused.union(partitions)

    def resume(self, partitions: Collection[int]) -> None:
        self._paused = self._paused.difference(partitions)
        self._log.news(self._topic).ring()

    def high_watermarks(self) -> Mapping[int, int]:
        return dict(self._log.news(self._topic).ends)


def _fail(batch: list[_Work], fault: NotDurable) -> None:
    for work in batch:
        if not work.done.done():
            work.done.set_exception(fault)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def sqlite_log(folder: Path) -> AsyncGenerator[SqliteLog]:
    """The log in `folder`, made where there is none."""
    log = SqliteLog(folder / "log.sqlite3")
    await asyncio.to_thread(log.open)
    try:
        yield log
    finally:
        await asyncio.to_thread(log.close)
