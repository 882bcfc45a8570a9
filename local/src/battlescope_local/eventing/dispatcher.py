"""The dispatcher of one Trigger: reads every record of the Broker's topic, filters, delivers, retries, dead-letters.

Ordered means one event in flight per partition; its retries delay the partition. Unordered means up to 50 in flight. An
offset is committed only after its event was delivered or dead-lettered, so that after a kill unfinished events are
delivered again and none is lost, except one that leaves no room for what a dead letter adds (Knative loses it too).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

from battlescope_local.eventing.cloud_event import CloudEvent, NotACloudEvent, event_to_deliver
from battlescope_local.eventing.delivery import Delivered, Failed, backoff, evaluate, make_dead_letter
from battlescope_local.eventing.filters import passes
from battlescope_local.eventing.sender import EventSender
from battlescope_local.log.offsets import OffsetTracker
from battlescope_local.log.port import Log, NotDurable, Reader, StoredRecord
from battlescope_local.manifests.model import BrokerRef, Trigger

logger = logging.getLogger(__name__)

MAX_IN_FLIGHT: Final = 50  # Knative's `max.poll.records`
READ_BATCH: Final = 100  # records per read
# Queued events of one partition at which its reading pauses and resumes.
PAUSE_LENGTH: Final = 200
RESUME_LENGTH: Final = 100
# Seconds; after a kill, events finished since the last commit are delivered twice. All dispatchers commit at the same
# moments, so that the log writes their offsets at once.
COMMIT_INTERVAL: Final = 1.0


@dataclass(slots=True)
class Counts:
    delivered: int = 0
    retried: int = 0
    dead_lettered: int = 0
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class TriggerStats:
    """Counts since the start of the node. `lag` is the number of unfinished records, filtered ones included."""

    trigger: str
    delivered: int
    retried: int
    dead_lettered: int
    in_flight: int
    lag: int


StartTask = Callable[[Coroutine[None, None, None]], object]


class Dispatcher:
    def __init__(self, trigger: Trigger, topic: str, sender: EventSender, log: Log) -> None:
        self._trigger, self._topic, self._sender, self._log = trigger, topic, sender, log
        self._counts = Counts()
        self._offsets = OffsetTracker({})
        self._reader: Reader | None = None
        self._headers = {"Prefer": "reply", "Kn-Namespace": trigger.namespace}

    def stats(self) -> TriggerStats:
        counts = self._counts
        lag = self._offsets.lag(self._reader.high_watermarks()) if self._reader else 0
        return TriggerStats(
            *(self._trigger.name, counts.delivered, counts.retried, counts.dead_lettered, counts.in_flight, lag)
        )

    async def run(self) -> None:
        """Dispatch until cancelled; the next run delivers the events in flight again."""
        async with self._log.reader(self._topic, self._trigger.consumer_group, self._wants) as reader:
            self._reader, self._offsets = reader, OffsetTracker(reader.start_offsets)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._commit_regularly(reader))
                    await self._dispatch(reader, tasks.create_task)
            finally:
                self._reader = None
                await self._commit(reader)

    async def _dispatch(self, reader: Reader, start_task: StartTask) -> None:
        enqueue = (
            self._dispatch_ordered(reader, start_task)
            if self._trigger.ordered
            else self._dispatch_unordered(start_task)
        )
        while True:
            for stored in await reader.read(READ_BATCH):
                await enqueue(stored, event_to_deliver(stored))

    def _wants(self, stored: StoredRecord) -> bool:
        """Whether the Trigger delivers a record; it is in flight from now on, or finished at once."""
        self._offsets.begin(stored.partition, stored.offset)
        is_wanted = self._accepted_event(stored) is not None
        if not is_wanted:
            self._offsets.finish(stored.partition, stored.offset)
        return is_wanted

    def _accepted_event(self, stored: StoredRecord) -> CloudEvent | None:
        try:
            event = event_to_deliver(stored)
        except NotACloudEvent as error:
            position = (self._topic, stored.partition, stored.offset)
            logger.warning("Skipped record %s/%d/%d: %s", *position, error)
            return None
        return event if passes(self._trigger.filters, event.attributes) else None

    def _dispatch_unordered(self, start_task: StartTask) -> "Process":
        slots = asyncio.Semaphore(MAX_IN_FLIGHT)

        async def process_and_release(stored: StoredRecord, event: CloudEvent) -> None:
            await self._process(stored, event)
            slots.release()

        async def enqueue(stored: StoredRecord, event: CloudEvent) -> None:
            await slots.acquire()
            start_task(process_and_release(stored, event))

        return enqueue

    def _dispatch_ordered(self, reader: Reader, start_task: StartTask) -> "Process":
        queues = {partition: PartitionQueue(partition, reader) for partition in reader.start_offsets}
        for queue in queues.values():
            start_task(queue.serve(self._process))

        async def enqueue(stored: StoredRecord, event: CloudEvent) -> None:
            queues[stored.partition].put(stored, event)

        return enqueue

    async def _process(self, stored: StoredRecord, event: CloudEvent) -> None:
        self._counts.in_flight += 1
        try:
            await self._deliver(event)
            self._offsets.finish(stored.partition, stored.offset)
        finally:
            self._counts.in_flight -= 1

    async def _deliver(self, event: CloudEvent) -> None:
        match await self._attempt_with_retries(event):
            case Delivered(reply):
                if reply is not None:
                    await self._sender.send_until_accepted(BrokerRef(self._trigger.broker), reply)
                self._counts.delivered += 1
            case Failed() as failed:
                await self._dead_letter(event, failed)

    async def _attempt_with_retries(self, event: CloudEvent) -> Delivered | Failed:
        outcome = await self._attempt(event)
        for retry in range(1, self._trigger.delivery.retry + 1):
            if isinstance(outcome, Delivered) or not outcome.retriable:
                break
            self._counts.retried += 1
            logger.info("%s retries event %s: %s", self._trigger.name, event.attributes["id"], outcome.reason)
            await asyncio.sleep(backoff(self._trigger.delivery, retry))
            outcome = await self._attempt(event)
        return outcome

    async def _attempt(self, event: CloudEvent) -> Delivered | Failed:
        seconds = self._trigger.delivery.timeout
        outcome = evaluate(await self._sender.send(self._trigger.subscriber, event, self._headers, seconds))
        broker = BrokerRef(self._trigger.broker)
        if isinstance(outcome, Delivered) and outcome.reply and not self._sender.can_store(broker, outcome.reply):
            return Failed({}, retriable=False, reason="the reply is too large for the Broker")
        return outcome

    async def _dead_letter(self, event: CloudEvent, failed: Failed) -> None:
        sink = self._trigger.delivery.dead_letter_sink
        if sink is None:
            raise RuntimeError(f"Trigger {self._trigger.name} has no dead letter sink.")
        logger.warning(
            *("%s dead-letters event %s: %s", self._trigger.name, event.attributes["id"], failed.reason),
            extra={"trigger": self._trigger.name, "event": event.attributes["id"]},
        )
        letter = make_dead_letter(event, self._sender.address(self._trigger.subscriber), failed)
        if not self._sender.can_store(sink, letter):
            # Publishers of this project stay below the limit by more than a dead letter adds.
            logger.error("%s lost event %s: its dead letter is too large", self._trigger.name, event.attributes["id"])
            return
        await self._sender.send_until_accepted(sink, letter)
        self._counts.dead_lettered += 1

    async def _commit_regularly(self, reader: Reader) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(COMMIT_INTERVAL - loop.time() % COMMIT_INTERVAL)
            await self._commit(reader)

    async def _commit(self, reader: Reader) -> None:
        offsets = self._offsets.uncommitted()
        if not offsets:
            return
        try:
            await reader.commit(offsets)
        except NotDurable as error:
            logger.warning("%s will commit its offsets later: %s", self._trigger.name, error)
        else:
            self._offsets.mark_committed(offsets)


Process = Callable[[StoredRecord, CloudEvent], Coroutine[None, None, None]]


class PartitionQueue:
    """Events of one partition in order of delivery; its length is bounded by pausing the reader."""

    def __init__(self, partition: int, reader: Reader) -> None:
        self._partition, self._reader, self._paused = partition, reader, False
        self._waiting = asyncio.Queue[tuple[StoredRecord, CloudEvent]]()

    def put(self, stored: StoredRecord, event: CloudEvent) -> None:
        self._waiting.put_nowait((stored, event))
        if not self._paused and self._waiting.qsize() >= PAUSE_LENGTH:
            self._paused = True
            self._reader.pause([self._partition])

    async def serve(self, process: Process) -> None:
        while True:
            await process(*await self._waiting.get())
            if self._paused and self._waiting.qsize() <= RESUME_LENGTH:
                self._paused = False
                self._reader.resume([self._partition])
