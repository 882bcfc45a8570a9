"""Reader on the Kafka API: partitions assigned by hand, offsets of a group, blocking calls in a thread.

Two things differ from an ordinary consumer. It does not join its group: a group with a single dispatcher needs no join,
which takes seconds with Tansu, after a restart half a minute. And a group without committed offsets starts at the
*earliest* record, while Knative's Trigger starts at the latest: on one machine nothing else holds the events that were
published before the first start of a Trigger, and functions are idempotent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Final, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from battlescope_events.retry import exponential
from battlescope_local.log.port import NotDurable, Record, StoredRecord, Wanted

logger = logging.getLogger(__name__)
T = TypeVar("T")

REQUEST_TIMEOUT: Final = 10.0  # seconds of one request; callers that need its result retry
RETRY_PAUSE: Final = 0.5  # seconds before the first retry, doubled for each further one
MAX_RETRY_PAUSE: Final = 10.0
POLL_TIMEOUT: Final = 0.5  # seconds; also the longest time that closing waits for a thread
PAUSED_POLL_TIMEOUT: Final = 0.05  # seconds, because a paused partition can resume at any moment
TAIL_TIMEOUT: Final = 2.0  # seconds without a record after which a tail counts as complete


class KafkaReader:
    """Calls the consumer in the reader's thread only: a call from another thread would wait for the running poll."""

    def __init__(self, consumer: Consumer, topic: str, wanted: Wanted) -> None:
        self._consumer, self._topic, self._wanted = consumer, topic, wanted
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"read-{topic}")
        self.start_offsets: Mapping[int, int] = {}
        self._ends: Mapping[int, int] = {}
        self._paused, self._to_pause = frozenset[int](), frozenset[int]()

    async def open(self) -> None:
        """Start at the committed offsets of the group, and wait until the log returns them."""
        positions = await retry_until_reachable(lambda: self._in_thread(self._start_positions))
        self.start_offsets = {position.partition: max(0, position.offset) for position in positions}
        await self._in_thread(lambda: self._consumer.assign(positions))

    def _start_positions(self) -> list[TopicPartition]:
        """Raise on any error: an error taken for "nothing committed" would deliver the whole topic again."""
        partitions = [TopicPartition(self._topic, number) for number in partitions_of(self._consumer, self._topic)]
        positions = self._consumer.committed(partitions, timeout=REQUEST_TIMEOUT)
        for position in positions:
            if position.error is not None:
                raise KafkaException(position.error)
            if position.offset < 0:
                position.offset = OFFSET_BEGINNING
        return positions

    async def aclose(self) -> None:
        await self._in_thread(self._consumer.close)
        self._thread.shutdown()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def read(self, limit: int) -> Sequence[StoredRecord]:
        return list(filter(self._wanted, await self._in_thread(lambda: self._read(limit))))

    def _read(self, limit: int) -> list[StoredRecord]:
        self._pause_and_resume()
        records = list(self._poll_records(limit))
        self._ends = {number: self._cached_end(number) for number in self.start_offsets}
        return records

    def _poll_records(self, limit: int) -> Iterator[StoredRecord]:
        """Wait for the first record, then return all that are already fetched.

        `Consumer.consume` is unsuitable: it waits until the batch is full.
        """
        message = self._consumer.poll(PAUSED_POLL_TIMEOUT if self._paused else POLL_TIMEOUT)
        while message is not None:
            error = message.error()
            if error is None:
                yield stored_record(message)
                limit -= 1
            else:
                _raise_if_fatal(error)
            if limit <= 0:
                return
            message = self._consumer.poll(0)

    async def commit(self, offsets: Mapping[int, int]) -> None:
        positions = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
        try:
            await self._in_thread(lambda: self._consumer.commit(offsets=positions, asynchronous=False))
        except KafkaException as error:
            raise NotDurable(f"The log did not accept the offsets of {self._topic}: {error}") from error

    def pause(self, partitions: Collection[int]) -> None:
        self._to_pause = self._to_pause.union(partitions)

    def resume(self, partitions: Collection[int]) -> None:
        self._to_pause = self._to_pause.difference(partitions)

    def _pause_and_resume(self) -> None:
        to_pause = self._to_pause
        self._consumer.pause([TopicPartition(self._topic, number) for number in to_pause - self._paused])
        self._consumer.resume([TopicPartition(self._topic, number) for number in self._paused - to_pause])
        self._paused = to_pause

    def high_watermarks(self) -> Mapping[int, int]:
        """Ends that the last fetches returned; Tansu returns them too low by up to one batch."""
        return {number: end for number, end in self._ends.items() if end >= 0}

    def _cached_end(self, partition: int) -> int:
        watermarks = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), cached=True)
        return watermarks[1] if watermarks else -1


def _raise_if_fatal(error: KafkaError) -> None:
    """The client recovers from all other errors by itself and then delivers the records after them."""
    if error.fatal():
        raise KafkaException(error)
    logger.warning("Reading from the log is interrupted: %s", error)


def stored_record(message: Message) -> StoredRecord:
    headers = tuple((name, _as_bytes(value)) for name, value in message.headers() or ())
    partition, offset = message.partition(), message.offset()
    if partition is None or offset is None:
        raise RuntimeError("The log returned a record without a partition or an offset.")
    return StoredRecord(
        partition, offset, Record(message.key(), message.value() or b"", headers), message.timestamp()[1]
    )


def _as_bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def partitions_of(consumer: Consumer, topic: str) -> list[int]:
    metadata = consumer.list_topics(topic, timeout=REQUEST_TIMEOUT).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    return sorted(metadata.partitions)


def read_tail(consumer: Consumer, topic: str, limit: int) -> list[StoredRecord]:
    """The newest `limit` records of a topic; `consumer` must report partition ends and is closed afterwards."""
    try:
        partitions = partitions_of(consumer, topic)
        consumer.assign([_position_before_end(consumer, topic, number, limit) for number in partitions])
        records = sorted(_until_end(consumer, len(partitions)), key=lambda stored: stored.timestamp)
    finally:
        consumer.close()
    return records[-limit:]


def _position_before_end(consumer: Consumer, topic: str, partition: int, limit: int) -> TopicPartition:
    """A start that can be too early, never too late: Tansu reports the end too low, never too high."""
    start_offsets, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=REQUEST_TIMEOUT) or (
        0,
        0,
    )
    return TopicPartition(topic, partition, max(start_offsets, end - limit))


def _until_end(consumer: Consumer, partitions: int) -> Iterator[StoredRecord]:
    while partitions and (message := consumer.poll(TAIL_TIMEOUT)) is not None:
        error = message.error()
        if error is None:
            yield stored_record(message)
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # the client's public name of this code
            partitions -= 1
        else:
            _raise_if_fatal(error)


async def retry_until_reachable(request: Callable[[], Awaitable[T]]) -> T:
    """Repeat `request` until the log responds."""
    for repetition in count():
        try:
            return await request()
        except KafkaException as error:
            logger.warning("The log is unreachable; retrying: %s", error)
            await asyncio.sleep(exponential(RETRY_PAUSE, repetition, MAX_RETRY_PAUSE))
    raise AssertionError("The repetitions do not end.")
