"""Log of one machine: a SQLite file in the node's process, with Kafka's topics, partitions and group offsets.

Only the node reads and writes it, so it needs no server. Every acknowledged record is on disk (WAL, synced at each
commit); records that arrive at the same time share one commit, which makes it fast. It replaces the embedded broker,
Tansu on S3, which reads all batches of a partition again at each fetch: with five Triggers its rate fell from 27 small
batches a second to 4 after the first 1,200 (README, decision 7).
"""

import asyncio
import logging
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
from battlescope_local.log.port import NotDurable, Reader, Record, StoredRecord, Topic, Wanted, every_record
from battlescope_local.log.tail_cache import TailCache

logger = logging.getLogger(__name__)

MAX_COMMIT_RECORDS: Final = 500  # limits how long a commit on a slow disk delays its first record
EXPIRY_INTERVAL: Final = 3600.0  # seconds
UNLIMITED: Final = "-1"  # Kafka's `retention.ms` of a topic that keeps all records
TopicPartition = tuple[str, int]  # topic, partition


@dataclass(slots=True)
class _PendingStatement:
    """A queued statement, which is executed with each of `rows`; the writer completes `done`."""

    statement: str
    rows: Sequence[tuple[object, ...]]
    done: asyncio.Future[None]


@dataclass(slots=True)
class _PendingRecord:
    """A queued record; the writer sets `stored` with the record's offset and completes `done`."""

    partition: TopicPartition
    record: Record
    done: asyncio.Future[None]
    stored: StoredRecord | None = None


_PendingWrite = _PendingStatement | _PendingRecord


@dataclass(slots=True)
class _TopicState:
    """End and newest records of each partition of a topic, and its readers."""

    ends: dict[int, int] = field(default_factory=dict[int, int])
    tails: defaultdict[int, TailCache] = field(default_factory=lambda: defaultdict[int, TailCache](TailCache))
    readers: "set[SqliteReader]" = field(default_factory=set["SqliteReader"])

    def add(self, stored: StoredRecord) -> None:
        self.tails[stored.partition].add(stored)
        self.ends[stored.partition] = stored.offset + 1
        for reader in self.readers:
            reader.offer(stored)


class SqliteLog:
    """Created by `sqlite_log`. One thread writes; each reader has a thread for records that are not in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._topics: defaultdict[str, _TopicState] = defaultdict(_TopicState)
        self._partitions: dict[str, int] = {}
        self._next_partition = 0
        self._ends: dict[TopicPartition, int] = {}  # only for the writer; readers see an end after its commit
        self._writes: queue.SimpleQueue[_PendingWrite | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._run_writer, name="log-writer", daemon=True)

    def open(self) -> None:
        self._path.parent.mkdir(exist_ok=True, mode=0o700)
        with closing(file.connect(self._path)) as connection:
            connection.executescript(file.CREATE_TABLES)
            self._partitions = dict(connection.execute(file.SELECT_TOPICS))
            for topic, partition, offset in connection.execute(file.SELECT_ENDS):
                self._topics[topic].ends[partition] = self._ends[topic, partition] = offset
        self._writer.start()

    def close(self) -> None:
        self._writes.put(None)
        self._writer.join()

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        for topic in topics:
            retention = topic.config.get("retention.ms", UNLIMITED)
            milliseconds = None if retention == UNLIMITED else int(retention)
            await self._write_durably(file.UPSERT_TOPIC, [(topic.name, topic.partitions, milliseconds)])
            self._partitions.setdefault(topic.name, topic.partitions)

    async def produce(self, topic: str, record: Record) -> None:
        if topic not in self._partitions:
            raise NotDurable(f"There is no topic {topic}.")
        done: asyncio.Future[None] = self._loop.create_future()
        self._writes.put(_PendingRecord((topic, self._partition(topic, record.key)), record, done))
        await done

    def _partition(self, topic: str, key: bytes | None) -> int:
        """The partition of a key is always the same; records without a key go to each partition in turn."""
        self._next_partition += 1
        return (self._next_partition if key is None else crc32(key)) % self._partitions[topic]

    async def _write_durably(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._writes.put(_PendingStatement(statement, rows, done))
        await done

    def _run_writer(self) -> None:
        with closing(file.connect(self._path)) as connection:
            expired = -math.inf  # not 0: on a machine that started less than an hour ago, 0 would be too recent
            while (write := self._writes.get()) is not None:
                self._commit(connection, [write, *self._queued_writes()])
                if time.monotonic() - expired > EXPIRY_INTERVAL:
                    expired = time.monotonic()
                    self._delete_expired(connection)

    def _delete_expired(self, connection: sqlite3.Connection) -> None:
        """A failure, as on a full disk, must not end the writer: the next hour tries again."""
        try:
            connection.execute(file.DELETE_EXPIRED, (_now_milliseconds(),))
        except sqlite3.Error as error:
            logger.warning("Expired records are deleted later: %s", error)

    def _queued_writes(self) -> list[_PendingWrite]:
        """Writes that are queued now; None, which ends the writer, stays in the queue."""
        writes: list[_PendingWrite] = []
        while len(writes) < MAX_COMMIT_RECORDS and not self._writes.empty():
            write = self._writes.get()
            if write is None:
                self._writes.put(None)
                break
            writes.append(write)
        return writes

    def _commit(self, connection: sqlite3.Connection, batch: list[_PendingWrite]) -> None:
        ends: dict[TopicPartition, int] = {}
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in batch:
                self._execute(connection, write, ends)
            connection.executemany(file.UPSERT_END, [(*partition, end) for partition, end in ends.items()])
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            connection.rollback()
            not_durable = NotDurable(f"The log did not store the record: {error}")
            self._loop.call_soon_threadsafe(_fail, batch, not_durable)
        else:
            self._ends |= ends
            self._loop.call_soon_threadsafe(self._settle, batch)

    def _execute(self, connection: sqlite3.Connection, write: _PendingWrite, ends: dict[TopicPartition, int]) -> None:
        if isinstance(write, _PendingStatement):
            connection.executemany(write.statement, write.rows)
            return
        topic, partition = write.partition
        offset = ends.get(write.partition, self._ends.get(write.partition, 0))
        write.stored = StoredRecord(partition, offset, write.record, _now_milliseconds())
        connection.execute(file.INSERT_RECORD, file.row_from_record(topic, write.stored))
        ends[write.partition] = offset + 1

    def _settle(self, batch: list[_PendingWrite]) -> None:
        for write in batch:
            if isinstance(write, _PendingRecord) and write.stored is not None:
                self._topics[write.partition[0]].add(write.stored)
            if not write.done.done():
                write.done.set_result(None)

    @asynccontextmanager
    async def reader(self, topic: str, group: str, wanted: Wanted = every_record) -> AsyncGenerator[Reader]:
        with closing(file.connect(self._path)) as connection:
            reader = SqliteReader(self, topic, group, connection, wanted)
            reader.open(self._partitions[topic])
            self._topics[topic].readers.add(reader)
            try:
                yield reader
            finally:
                self._topics[topic].readers.discard(reader)
                reader.close()

    async def tail(self, topic: str, limit: int) -> Sequence[StoredRecord]:
        def newest() -> list[StoredRecord]:
            with closing(file.connect(self._path)) as connection:
                rows = connection.execute(file.SELECT_NEWEST, (topic, limit))
                return [file.record_from_row(row) for row in rows][::-1]

        return await asyncio.to_thread(newest)

    def topic_state(self, topic: str) -> _TopicState:
        return self._topics[topic]

    async def commit_offsets(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        rows = [(group, topic, number, offset) for number, offset in offsets.items()]
        await self._write_durably(file.UPSERT_OFFSET, rows)


class SqliteReader:
    """Position of one group in one topic.

    A record that is not wanted moves the position as soon as it is stored, without waking who waits for `read`: of a
    dozen groups of a topic one or two want an event.
    """

    def __init__(self, log: SqliteLog, topic: str, group: str, connection: sqlite3.Connection, wanted: Wanted) -> None:
        self._log, self._topic, self._group, self._connection = log, topic, group, connection
        self._wanted = wanted
        self._arrival = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"read-{topic}")
        self.start_offsets: Mapping[int, int] = {}
        self._positions: dict[int, int] = {}
        self._paused = frozenset[int]()

    def open(self, partitions: int) -> None:
        committed = dict(self._connection.execute(file.SELECT_OFFSETS, (self._group, self._topic)))
        self.start_offsets = {partition: committed.get(partition, 0) for partition in range(partitions)}
        self._positions = dict(self.start_offsets)

    def close(self) -> None:
        self._thread.shutdown()

    async def read(self, limit: int) -> Sequence[StoredRecord]:
        topic_state = self._log.topic_state(self._topic)
        self._arrival.clear()
        behind = [partition for partition in self._positions if self._has_unread(partition, topic_state)]
        if not behind:
            await self._arrival.wait()
            return ()
        limit_per_partition = max(1, limit // len(behind))
        records = [
            stored
            for partition in behind
            for stored in await self._read_partition(partition, limit_per_partition, topic_state)
        ]
        for stored in records:
            self._positions[stored.partition] = stored.offset + 1
        return list(filter(self._wanted, records))

    def offer(self, stored: StoredRecord) -> None:
        """Pass a record that was just stored, or wake the reader."""
        is_next = self._positions[stored.partition] == stored.offset and stored.partition not in self._paused
        if is_next and not self._wanted(stored):
            self._positions[stored.partition] = stored.offset + 1
        else:
            self._arrival.set()

    def _has_unread(self, partition: int, topic_state: _TopicState) -> bool:
        return partition not in self._paused and self._positions[partition] < topic_state.ends.get(partition, 0)

    async def _read_partition(self, partition: int, limit: int, topic_state: _TopicState) -> Sequence[StoredRecord]:
        position, end = self._positions[partition], topic_state.ends[partition]
        cached = topic_state.tails[partition].read_from(position, limit)
        if cached is not None:
            return cached
        loop = asyncio.get_running_loop()
        records = await loop.run_in_executor(self._thread, self._read_file, (self._topic, partition, position, limit))
        if not records:
            self._positions[partition] = end  # retention has removed all records before it
        return records

    def _read_file(self, params: tuple[str, int, int, int]) -> Sequence[StoredRecord]:
        return [file.record_from_row(row) for row in self._connection.execute(file.SELECT_FROM_OFFSET, params)]

    async def commit(self, offsets: Mapping[int, int]) -> None:
        await self._log.commit_offsets(self._group, self._topic, offsets)

    def pause(self, partitions: Collection[int]) -> None:
        self._paused = self._paused.union(partitions)

    def resume(self, partitions: Collection[int]) -> None:
        self._paused = self._paused.difference(partitions)
        self._arrival.set()

    def high_watermarks(self) -> Mapping[int, int]:
        return dict(self._log.topic_state(self._topic).ends)


def _fail(batch: list[_PendingWrite], error: NotDurable) -> None:
    for write in batch:
        if not write.done.done():
            write.done.set_exception(error)


def _now_milliseconds() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def sqlite_log(folder: Path) -> AsyncGenerator[SqliteLog]:
    """Open the log in `folder`; create it if it does not exist."""
    log = SqliteLog(folder / "log.sqlite3")
    await asyncio.to_thread(log.open)
    try:
        yield log
    finally:
        await asyncio.to_thread(log.close)
