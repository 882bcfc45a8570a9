"""The log port on anything that speaks the Kafka API: Redpanda, or Tansu on one machine.

Nothing is given up because the server is away: librdkafka reconnects, readers and topic makers keep waiting, and only a
producer's caller is told, because somebody else waits for its answer.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from battlescope_local.log.kafka_consumer import PATIENCE, POLL, KafkaReader, patiently, tail
from battlescope_local.log.port import NotDurable, Reader, Record, Stored, Topic

logger = logging.getLogger(__name__)

CLIENT: Final = {
    "reconnect.backoff.ms": 100,
    "reconnect.backoff.max.ms": 1000,  # a restarted server is found again within a second
    "log_level": 2,  # its own lines tell of every refused connection, several a second; error_cb tells once
}
PRODUCER: Final = {
    "acks": "all",
    # Tansu keeps the sequence of an idempotent producer and its batch in two writes: killed between them it answers
    # the repeated batch with "duplicate", which counts as kept, and an acknowledged record is gone (seen in the kill
    # test, each time). One request at a time keeps the order of a key through repetitions, and repetitions are allowed.
    "enable.idempotence": False,
    "max.in.flight.requests.per.connection": 1,
    "linger.ms": 5,  # a write costs the store milliseconds: gather a little, wait hardly
    "compression.type": "lz4",  # every Trigger reads every record, and the store feels it
    "message.max.bytes": 1_200_000,  # the ingress allows 1 MiB; framing comes on top
    "message.timeout.ms": 15_000,  # shorter than the patience of who posts an event, so that they hear 503
}
CONSUMER: Final = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    # Tansu looks for news only at the end of a waiting fetch: this is most of the latency of an event.
    "fetch.wait.max.ms": 50,
    "max.poll.interval.ms": 86_400_000,  # a reader that holds back is not dead
    "queued.max.messages.kbytes": 4096,  # per reader, of which there is one a Trigger
}


class KafkaLog:
    """One producer for all topics, a consumer for each reader. Made by `kafka_log`."""

    def __init__(self, bootstrap: str) -> None:
        self._client: dict[str, Any] = {**CLIENT, "bootstrap.servers": bootstrap, "logger": logger}
        self._loop = asyncio.get_running_loop()
        self._producer = Producer({**self._client, **PRODUCER, "error_cb": _on_error})
        self._closing = threading.Event()
        self._reports = threading.Thread(target=self._serve_reports, name="log-reports", daemon=True)
        self._reports.start()

    def _serve_reports(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(POLL)

    async def aclose(self) -> None:
        self._closing.set()
        await asyncio.to_thread(self._reports.join)
        await asyncio.to_thread(self._producer.flush, POLL)

    async def produce(self, topic: str, record: Record) -> None:
        durable: asyncio.Future[None] = self._loop.create_future()

        def report(error: KafkaError | None, _message: Message) -> None:
            self._loop.call_soon_threadsafe(_settle, durable, error)

        try:
            self._producer.produce(
                topic, value=record.value, key=record.key, headers=list(record.headers), on_delivery=report
            )
        except (BufferError, KafkaException) as error:
            raise NotDurable(f"The log takes no record for {topic}: {error}") from error
        await durable

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        """Make the missing topics, waiting for the server as long as it takes.

        No more replicas are asked for than there are servers: the manifests' figure is the cluster's.
        """
        admin = AdminClient(self._client)
        present, servers = await patiently(lambda: asyncio.to_thread(_describe, admin))
        for topic in topics:
            if topic.name not in present:
                await patiently(lambda topic=topic: asyncio.to_thread(_create, admin, topic, servers))
            elif present[topic.name] != topic.partitions:
                figures = (topic.name, present[topic.name], topic.partitions)
                logger.warning("Topic %s keeps its %d partitions; the manifests say %d", *figures)

    @asynccontextmanager
    async def reader(self, topic: str, group: str) -> AsyncGenerator[Reader]:
        reader = KafkaReader(Consumer({**self._client, **CONSUMER, "group.id": group}), topic)
        try:
            await reader.open()
            yield reader
        finally:
            await reader.aclose()

    async def tail(self, topic: str, limit: int) -> Sequence[Stored]:
        settings = {**self._client, **CONSUMER, "enable.partition.eof": True, "group.id": "battlescope-tail"}
        return await asyncio.to_thread(lambda: tail(Consumer(settings), topic, limit))


@asynccontextmanager
async def kafka_log(bootstrap: str) -> AsyncGenerator[KafkaLog]:
    """The log at `bootstrap` (host:port); it need not be up yet."""
    log = KafkaLog(bootstrap)
    try:
        yield log
    finally:
        await log.aclose()


def _on_error(error: KafkaError) -> None:
    if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 -- the client's published name for it
        logger.warning("The log is away: %s", error)


def _settle(durable: asyncio.Future[None], error: KafkaError | None) -> None:
    if durable.done():
        return  # whoever waited has left
    if error is None:
        durable.set_result(None)
    else:
        durable.set_exception(NotDurable(f"The log did not keep the record: {error}"))


def _describe(admin: AdminClient) -> tuple[dict[str, int], int]:
    described = admin.list_topics(timeout=PATIENCE)
    return {name: len(topic.partitions) for name, topic in described.topics.items()}, len(described.brokers)


def _create(admin: AdminClient, topic: Topic, servers: int) -> None:
    replicas = min(topic.replication_factor, servers)
    wanted = NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=replicas, config=dict(topic.config)
    )
    try:
        created = admin.create_topics([wanted], request_timeout=PATIENCE)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- its stub leaves the future's type open
        created[topic.name].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
