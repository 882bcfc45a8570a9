"""The log of one machine: a SQLite file in the node's own process, with Kafka's topics, partitions and group offsets.

Nobody but the node reads or writes it, so it needs no server. Every acknowledged record is on disk (WAL, synced at
each commit); what is said at the same moment shares one commit, which is what makes it fast. It stands in for the
embedded broker, Tansu on S3: that one reads all batches of a partition anew at each fetch, and five Triggers brought it
from 27 small batches a second to 4 after the first 1,200 (README, decision 7).
"""

import asyncio
import json
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

from battlescope_local.log import NotDurable, Reader, Record, Stored, Topic

TABLES: Final = """
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, retention_ms INTEGER);
CREATE TABLE IF NOT EXISTS records (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, timestamp INTEGER NOT NULL,
  key BLOB, value BLOB NOT NULL, headers TEXT NOT NULL, PRIMARY KEY (topic, partition, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offsets (
  consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ends (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
"""
ADD_TOPIC: Final = "INSERT OR IGNORE INTO topics VALUES (?, ?, ?)"
TOPICS: Final = "SELECT name, partitions FROM topics"
# Kept apart from the records: an offset is never given twice, also when retention has emptied a partition.
ENDS: Final = "SELECT topic, partition, offset FROM ends"
SET_END: Final = "INSERT INTO ends VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset"
ADD: Final = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"
READ: Final = (
    "SELECT partition, offset, timestamp, key, value, headers FROM records "
    "WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?"
)
LAST: Final = (
    "SELECT partition, offset, timestamp, key, value, headers FROM records "
    "WHERE topic = ? ORDER BY timestamp DESC, offset DESC LIMIT ?"
)
COMMITTED: Final = "SELECT partition, offset FROM offsets WHERE consumer_group = ? AND topic = ?"
COMMIT: Final = "INSERT INTO offsets VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset"
EXPIRE: Final = (
    "DELETE FROM records WHERE EXISTS (SELECT 1 FROM topics WHERE name = topic AND timestamp < ? - retention_ms)"
)

SILENCE: Final = 0.5  # seconds after which a reader without news answers that there is none
BATCH: Final = 500  # records that share a commit at most: a bound on what a slow disk makes others wait
EXPIRE_EVERY: Final = 3600.0  # seconds
Row = tuple[int, int, int, bytes | None, bytes, str]


@dataclass(slots=True)
class _Write:
    """A statement on its way to the disk, and who waits for it; records get their offset from the writer."""

    statement: str
    values: tuple[object, ...]
    done: asyncio.Future[None]
    topic: str | None = None


@dataclass(slots=True)
class _News:
    """Where each partition of a topic ends, and a bell for those who wait for more."""

    ends: dict[int, int] = field(default_factory=dict[int, int])
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        bell, self.bell = self.bell, asyncio.Event()
        bell.set()


class SqliteLog:
    """Made by `sqlite_log`. One thread writes; each reader reads in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._news: defaultdict[str, _News] = defaultdict(_News)
        self._partitions: dict[str, int] = {}
        self._turn = 0
        self._ends: dict[tuple[str, int], int] = {}  # the writer's own: readers hear of an end when it is on disk
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="log-writer", daemon=True)

    def open(self) -> None:
        self._path.parent.mkdir(exist_ok=True, mode=0o700)
        with closing(self._connect()) as connection:
            connection.executescript(TABLES)
            self._partitions = dict(connection.execute(TOPICS))
            for topic, partition, offset in connection.execute(ENDS):
                self._news[topic].ends[partition] = self._ends[topic, partition] = offset
        self._writer.start()

    def close(self) -> None:
        self._writes.put(None)
        self._writer.join()

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        for topic in topics:
            kept = topic.config.get("retention.ms")
            await self._durably(ADD_TOPIC, (topic.name, topic.partitions, int(kept) if kept else None))
            self._partitions.setdefault(topic.name, topic.partitions)

    async def produce(self, topic: str, record: Record) -> None:
        if topic not in self._partitions:
            raise NotDurable(f"There is no topic {topic}.")
        headers = json.dumps([(name, value.decode("latin-1")) for name, value in record.headers])
        partition = self._partition(topic, record.key)
        await self._durably(ADD, (topic, partition, record.key, record.value, headers), topic)

    def _partition(self, topic: str, key: bytes | None) -> int:
        """The same key is the same partition; without a key, each in turn."""
        self._turn += 1
        return (self._turn if key is None else crc32(key)) % self._partitions[topic]

    async def _durably(self, statement: str, values: tuple[object, ...], topic: str | None = None) -> None:
        write = _Write(statement, values, self._loop.create_future(), topic)
        self._writes.put(write)
        await write.done

    def _write(self) -> None:
        with closing(self._connect()) as connection:
            expired = 0.0
            while (write := self._writes.get()) is not None:
                batch = [write]
                while len(batch) < BATCH and not self._writes.empty():
                    following = self._writes.get()
                    if following is None:
                        self._writes.put(None)
                        break
                    batch.append(following)
                self._commit(connection, batch)
                if time.monotonic() - expired > EXPIRE_EVERY:
                    expired = time.monotonic()
                    connection.execute(EXPIRE, (_milliseconds(),))

    def _commit(self, connection: sqlite3.Connection, batch: list[_Write]) -> None:
        ends: dict[tuple[str, int], int] = {}
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in batch:
                connection.execute(write.statement, self._placed(write, ends))
            connection.executemany(SET_END, [(*place, end) for place, end in ends.items()])
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            connection.rollback()
            fault = NotDurable(f"The log did not keep the record: {error}")
            self._loop.call_soon_threadsafe(_fail, batch, fault)
        else:
            self._ends |= ends
            self._loop.call_soon_threadsafe(self._settle, batch, ends)

    def _placed(self, write: _Write, ends: dict[tuple[str, int], int]) -> tuple[object, ...]:
        if write.topic is None:
            return write.values
        topic, partition, *content = write.values
        place = (write.topic, int(str(partition)))
        offset = ends.get(place, self._ends.get(place, 0))
        ends[place] = offset + 1
        return (topic, partition, offset, _milliseconds(), *content)

    def _settle(self, batch: list[_Write], ends: dict[tuple[str, int], int]) -> None:
        for (topic, partition), end in ends.items():
            self._news[topic].ends[partition] = end
        for topic in {topic for topic, _ in ends}:
            self._news[topic].ring()
        for write in batch:
            if not write.done.done():
                write.done.set_result(None)

    @asynccontextmanager
    async def reader(self, topic: str, group: str) -> AsyncGenerator[Reader]:
        reader = SqliteReader(self, topic, group, self._connect())
        try:
            await reader.open(self._partitions[topic])
            yield reader
        finally:
            reader.close()

    async def tail(self, topic: str, limit: int) -> Sequence[Stored]:
        def last() -> list[Stored]:
            with closing(self._connect()) as connection:
                return [_stored(row) for row in connection.execute(LAST, (topic, limit))][::-1]

        return await asyncio.to_thread(last)

    def news(self, topic: str) -> _News:
        return self._news[topic]

    async def remember(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        writes = (self._durably(COMMIT, (group, topic, partition, offset)) for partition, offset in offsets.items())
        await asyncio.gather(*writes)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


class SqliteReader:
    """One group's place in one topic."""

    def __init__(self, log: SqliteLog, topic: str, group: str, connection: sqlite3.Connection) -> None:
        self._log, self._topic, self._group, self._connection = log, topic, group, connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"read-{topic}")
        self.start: Mapping[int, int] = {}
        self._places: dict[int, int] = {}
        self._paused = frozenset[int]()

    async def open(self, partitions: int) -> None:
        known = dict(self._connection.execute(COMMITTED, (self._group, self._topic)))
        self.start = {partition: known.get(partition, 0) for partition in range(partitions)}
        self._places = dict(self.start)

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()

    async def read(self, limit: int) -> Sequence[Stored]:
        news = self._log.news(self._topic)
        bell = news.bell
        behind = [one for one in self._places if self._behind(one, news)]
        if not behind:
            await _heard(bell)
            return ()
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, self._read, behind, max(1, limit // len(behind)))
        for stored in found:
            self._places[stored.partition] = stored.offset + 1
        return found

    def _behind(self, partition: int, news: _News) -> bool:
        return partition not in self._paused and self._places[partition] < news.ends.get(partition, 0)

    def _read(self, partitions: Sequence[int], each: int) -> list[Stored]:
        places = [(self._topic, one, self._places[one], each) for one in partitions]
        return [_stored(row) for place in places for row in self._connection.execute(READ, place)]

    async def commit(self, offsets: Mapping[int, int]) -> None:
        await self._log.remember(self._group, self._topic, offsets)

    def pause(self, partitions: Collection[int]) -> None:
        self._paused = self._paused.union(partitions)

    def resume(self, partitions: Collection[int]) -> None:
        self._paused = self._paused.difference(partitions)
        self._log.news(self._topic).ring()

    def high_watermarks(self) -> Mapping[int, int]:
        return dict(self._log.news(self._topic).ends)


async def _heard(bell: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(bell.wait(), SILENCE)
    except TimeoutError:
        return


def _fail(batch: list[_Write], fault: NotDurable) -> None:
    for write in batch:
        if not write.done.done():
            write.done.set_exception(fault)


def _stored(row: Row) -> Stored:
    partition, offset, timestamp, key, value, headers = row
    named = tuple((name, text.encode("latin-1")) for name, text in json.loads(headers))
    return Stored(partition, offset, Record(key, value, named), timestamp)


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
