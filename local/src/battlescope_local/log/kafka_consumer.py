"""Reading from the Kafka API: partitions assigned by hand, a group's offsets, blocking calls in a thread.

Two things differ from an ordinary consumer. There is no group join: one dispatcher per group needs none, and on Tansu
it takes seconds, after a restart half a minute. And a group without committed offsets starts at the *earliest* record,
while Knative's Trigger starts at the latest: on one machine nothing else remembers what was said before a Trigger was
first started, and functions are idempotent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from battlescope_local.log.port import NotDurable, Record, Stored

logger = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE: Final = 10.0  # seconds of one request; whoever cannot do without the answer asks again
RETRY_PAUSE: Final = 0.5  # seconds between such askings
POLL: Final = 0.5  # seconds: the longest that closing waits for a thread
POLL_PAUSED: Final = 0.05  # seconds, while a partition may be wanted again any moment
TAIL_SILENCE: Final = 2.0  # seconds without a record after which a tail is taken to be read


class KafkaReader:
    """Every call of the consumer is made in the reader's thread: from another it would wait for the running poll."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer, self._topic = consumer, topic
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"read-{topic}")
        self.start: Mapping[int, int] = {}
        self._ends: Mapping[int, int] = {}
        self._paused, self._to_pause = frozenset[int](), frozenset[int]()

    async def open(self) -> None:
        """Continue where the group has committed, and wait for the log to say where that is."""
        places = await patiently(lambda: self._in_thread(self._places))
        self.start = {place.partition: max(0, place.offset) for place in places}
        await self._in_thread(lambda: self._consumer.assign(places))

    def _places(self) -> list[TopicPartition]:
        """An error is never taken for 'nothing committed': that would deliver the whole topic again."""
        partitions = [TopicPartition(self._topic, number) for number in partitions_of(self._consumer, self._topic)]
        places = self._consumer.committed(partitions, timeout=PATIENCE)
        for place in places:
            if place.error is not None:
                raise KafkaException(place.error)
            if place.offset < 0:
                place.offset = OFFSET_BEGINNING
        return places

    async def aclose(self) -> None:
        await self._in_thread(self._consumer.close)
        self._thread.shutdown()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def read(self, limit: int) -> Sequence[Stored]:
        return await self._in_thread(lambda: self._read(limit))

    def _read(self, limit: int) -> list[Stored]:
        self._pause_and_resume()
        records = list(self._taken(limit))
        self._ends = {number: self._cached_end(number) for number in self.start}
        return records

    def _taken(self, limit: int) -> Iterator[Stored]:
        """Wait for the first record and take along what lies ready.

        `Consumer.consume` is no choice: it waits for the batch to be full.
        """
        message = self._consumer.poll(POLL_PAUSED if self._paused else POLL)
        while message is not None:
            error = message.error()
            if error is None:
                yield stored(message)
                limit -= 1
            else:
                _complain(error)
            if limit <= 0:
                return
            message = self._consumer.poll(0)

    async def commit(self, offsets: Mapping[int, int]) -> None:
        places = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
        try:
            await self._in_thread(lambda: self._consumer.commit(offsets=places, asynchronous=False))
        except KafkaException as error:
            raise NotDurable(f"The log does not take the offsets of {self._topic}: {error}") from error

    def pause(self, partitions: Collection[int]) -> None:
        self._to_pause = self._to_pause.union(partitions)

    def resume(self, partitions: Collection[int]) -> None:
        self._to_pause = self._to_pause.difference(partitions)

    def _pause_and_resume(self) -> None:
        wanted = self._to_pause
        self._consumer.pause([TopicPartition(self._topic, number) for number in wanted - self._paused])
        self._consumer.resume([TopicPartition(self._topic, number) for number in self._paused - wanted])
        self._paused = wanted

    def high_watermarks(self) -> Mapping[int, int]:
        """What the last fetches told; Tansu tells it too low by up to one batch."""
        return {number: end for number, end in self._ends.items() if end >= 0}

    def _cached_end(self, partition: int) -> int:
        known = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), cached=True)
        return known[1] if known else -1


def _complain(error: KafkaError) -> None:
    """The client mends all but fatal errors by itself, and the records behind them are still to come."""
    if error.fatal():
        raise KafkaException(error)
    logger.warning("Reading waits for the log: %s", error)


def stored(message: Message) -> Stored:
    headers = tuple((name, _as_bytes(value)) for name, value in message.headers() or ())
    partition, offset = message.partition(), message.offset()
    if partition is None or offset is None:
        raise RuntimeError("A record that was read must have a partition and an offset.")
    return Stored(partition, offset, Record(message.key(), message.value() or b"", headers), message.timestamp()[1])


def _as_bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def partitions_of(consumer: Consumer, topic: str) -> list[int]:
    described = consumer.list_topics(topic, timeout=PATIENCE).topics[topic]
    if described.error is not None:
        raise KafkaException(described.error)
    return sorted(described.partitions)


def tail(consumer: Consumer, topic: str, limit: int) -> list[Stored]:
    """The newest `limit` records of a topic; `consumer` must report partition ends, and is closed."""
    try:
        partitions = partitions_of(consumer, topic)
        consumer.assign([_place_before_end(consumer, topic, number, limit) for number in partitions])
        records = sorted(_until_end(consumer, len(partitions)), key=lambda one: one.timestamp)
    finally:
        consumer.close()
    return records[-limit:]


def _place_before_end(consumer: Consumer, topic: str, partition: int, limit: int) -> TopicPartition:
    """A start that is at most too early: Tansu tells the end too low, never too high."""
    start, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=PATIENCE) or (0, 0)
    return TopicPartition(topic, partition, max(start, end - limit))


def _until_end(consumer: Consumer, partitions: int) -> Iterator[Stored]:
    while partitions and (message := consumer.poll(TAIL_SILENCE)) is not None:
        error = message.error()
        if error is None:
            yield stored(message)
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- the client's published name for it
            partitions -= 1
        else:
            _complain(error)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the log answers."""
    while True:
        try:
            return await ask()
        except KafkaException as error:
            logger.warning("Waiting for the log: %s", error)
            await asyncio.sleep(RETRY_PAUSE)
