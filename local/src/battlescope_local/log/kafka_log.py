"""The log port on servers with the Kafka API: Redpanda, or Tansu on one machine.

No operation fails only because the server is unreachable: librdkafka reconnects, and readers and `create_topics` keep
waiting. Only `produce` raises, because its caller has a client that waits for a response.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from battlescope_local.log.kafka_consumer import (
    POLL_TIMEOUT,
    REQUEST_TIMEOUT,
    KafkaReader,
    read_tail,
    retry_until_reachable,
)
from battlescope_local.log.port import NotDurable, Reader, Record, StoredRecord, Topic, Wanted, every_record

logger = logging.getLogger(__name__)

CLIENT_CONFIG: Final = {
    "reconnect.backoff.ms": 100,
    "reconnect.backoff.max.ms": 1000,  # reconnects to a restarted server within a second
    "log_level": 2,  # lower levels log each refused connection, several per second; error_cb reports it once
}
PRODUCER_CONFIG: Final = {
    "acks": "all",
    # Tansu stores the sequence of an idempotent producer and its batch in two writes. Killed between them, it responds
    # to the repeated batch with "duplicate", which counts as stored, and an acknowledged record is lost (every time in
    # the kill test). One request at a time preserves the order of a key through retries, and duplicates are allowed.
    "enable.idempotence": False,
    "max.in.flight.requests.per.connection": 1,
    "linger.ms": 5,  # a write takes the store milliseconds: batch a little without a noticeable delay
    "compression.type": "lz4",  # every Trigger reads every record, which loads the store
    # Above MAX_RECORD_BYTES, which callers check as Knative's producer does, so that this client's own estimate of the
    # same record refuses none of them. A batch of several records ends at 1,000,000 bytes (`batch.size`).
    "message.max.bytes": 1_200_000,
    "message.timeout.ms": 15_000,  # shorter than the timeout of publishers, so that they receive 503
}
CONSUMER_CONFIG: Final = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    # Tansu checks for new records only at the end of a waiting fetch: this is most of the latency of an event.
    "fetch.wait.max.ms": 50,
    "max.poll.interval.ms": 86_400_000,  # a paused reader must not count as dead
    "queued.max.messages.kbytes": 4096,  # per reader; each Trigger has one
}


class KafkaLog:
    """One producer for all topics and a consumer for each reader. Created by `kafka_log`."""

    def __init__(self, bootstrap: str, security: Mapping[str, str]) -> None:
        self._client: dict[str, Any] = {**CLIENT_CONFIG, **security, "bootstrap.servers": bootstrap, "logger": logger}
        self._loop = asyncio.get_running_loop()
        self._producer = Producer({**self._client, **PRODUCER_CONFIG, "error_cb": _on_error})
        self._closing = threading.Event()
        self._report_thread = threading.Thread(target=self._serve_reports, name="log-reports", daemon=True)
        self._report_thread.start()

    def _serve_reports(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(POLL_TIMEOUT)

    async def aclose(self) -> None:
        self._closing.set()
        await asyncio.to_thread(self._report_thread.join)
        await asyncio.to_thread(self._producer.flush, POLL_TIMEOUT)

    async def produce(self, topic: str, record: Record) -> None:
        durable: asyncio.Future[None] = self._loop.create_future()

        def report(error: KafkaError | None, _message: Message) -> None:
            self._loop.call_soon_threadsafe(_settle, durable, error)

        try:
            self._producer.produce(
                topic, value=record.value, key=record.key, headers=list(record.headers), on_delivery=report
            )
        except (BufferError, KafkaException) as error:
            raise NotDurable(f"The log accepts no record for {topic}: {error}") from error
        await durable

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        """Create missing topics, and wait for the server as long as it is unreachable.

        The manifests state the replicas of a cluster; a topic gets at most as many as there are servers.
        """
        admin = AdminClient(self._client)
        partition_counts, servers = await retry_until_reachable(lambda: asyncio.to_thread(_describe, admin))
        for topic in topics:
            if topic.name not in partition_counts:
                await retry_until_reachable(lambda topic=topic: asyncio.to_thread(_create, admin, topic, servers))
            elif partition_counts[topic.name] != topic.partitions:
                counts = (topic.name, partition_counts[topic.name], topic.partitions)
                logger.warning("Topic %s has %d partitions; the manifests' %d do not change it", *counts)

    @asynccontextmanager
    async def reader(self, topic: str, group: str, wanted: Wanted = every_record) -> AsyncGenerator[Reader]:
        reader = KafkaReader(Consumer({**self._client, **CONSUMER_CONFIG, "group.id": group}), topic, wanted)
        try:
            await reader.open()
            yield reader
        finally:
            await reader.aclose()

    async def tail(self, topic: str, limit: int) -> Sequence[StoredRecord]:
        settings = {**self._client, **CONSUMER_CONFIG, "enable.partition.eof": True, "group.id": "battlescope-tail"}
        return await asyncio.to_thread(lambda: read_tail(Consumer(settings), topic, limit))


@asynccontextmanager
async def kafka_log(bootstrap: str, security: Mapping[str, str] | None = None) -> AsyncGenerator[KafkaLog]:
    """Open the log at `bootstrap` (host:port) with librdkafka's settings for TLS and sign-in; it can start later."""
    log = KafkaLog(bootstrap, security or {})
    try:
        yield log
    finally:
        await log.aclose()


def _on_error(error: KafkaError) -> None:
    if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001  # the client's public name of this code
        logger.warning("The log is unreachable: %s", error)


def _settle(durable: asyncio.Future[None], error: KafkaError | None) -> None:
    if durable.done():
        return  # the caller was cancelled
    if error is None:
        durable.set_result(None)
    else:
        durable.set_exception(NotDurable(f"The log did not store the record: {error}"))


def _describe(admin: AdminClient) -> tuple[dict[str, int], int]:
    metadata = admin.list_topics(timeout=REQUEST_TIMEOUT)
    return {name: len(topic.partitions) for name, topic in metadata.topics.items()}, len(metadata.brokers)


def _create(admin: AdminClient, topic: Topic, servers: int) -> None:
    replicas = min(topic.replication_factor, servers)
    new_topic = NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=replicas, config=dict(topic.config)
    )
    try:
        futures = admin.create_topics([new_topic], request_timeout=REQUEST_TIMEOUT)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # its stub does not type the future
        futures[topic.name].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
