"""The dispatcher of one Trigger: reads every record of the Broker's topic, filters, delivers, retries, buries.

Ordered means one event in flight per partition, whose retries hold up the partition. Unordered means up to 50 in
flight. An offset moves on only when its event was delivered or lies in the dead letter sink, so a killed machine
delivers again what it had not finished, and loses nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

from battlescope_local.eventing.cloud_event import CloudEvent, NotACloudEvent, from_record, to_record
from battlescope_local.eventing.delivery import Done, Failed, backoff, dead_letter, judge
from battlescope_local.eventing.filters import passes
from battlescope_local.eventing.sender import EventSender
from battlescope_local.log.offsets import Offsets
from battlescope_local.log.port import MAX_RECORD_BYTES, Log, NotDurable, Reader, Stored
from battlescope_local.manifests.model import BrokerRef, Trigger

logger = logging.getLogger(__name__)

IN_FLIGHT: Final = 50  # Knative's `max.poll.records`
READ: Final = 100  # records taken from the reader at once
# Events that wait for their turn in one partition, at which reading it pauses and goes on.
LANE_FULL: Final = 200
LANE_LOW: Final = 100
COMMIT_EVERY: Final = 1.0  # seconds; what a kill delivers twice is at most what was finished meanwhile


@dataclass(slots=True)
class Counts:
    delivered: int = 0
    retried: int = 0
    dead_lettered: int = 0
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class TriggerStats:
    """Since the start of the node. `lag` counts the topic's records not yet finished, filtered ones included."""

    trigger: str
    delivered: int
    retried: int
    dead_lettered: int
    in_flight: int
    lag: int


Start = Callable[[Coroutine[None, None, None]], object]


class Dispatcher:
    def __init__(self, trigger: Trigger, topic: str, courier: EventSender, log: Log) -> None:
        self._trigger, self._topic, self._courier, self._log = trigger, topic, courier, log
        self._counts = Counts()
        self._offsets = Offsets({})
        self._reader: Reader | None = None
        self._headers = {"Prefer": "reply", "Kn-Namespace": trigger.namespace}

    def stats(self) -> TriggerStats:
        counts = self._counts
        lag = self._offsets.behind(self._reader.high_watermarks()) if self._reader else 0
        return TriggerStats(
            *(self._trigger.name, counts.delivered, counts.retried, counts.dead_lettered, counts.in_flight, lag)
        )

    async def run(self) -> None:
        """Dispatch until cancelled; what is in flight then is delivered again by the next run."""
        async with self._log.reader(self._topic, self._trigger.consumer_group) as reader:
            self._reader, self._offsets = reader, Offsets(reader.start)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._commit_regularly(reader))
                    await self._dispatch(reader, tasks.create_task)
            finally:
                self._reader = None
                await self._commit(reader)

    async def _dispatch(self, reader: Reader, start: Start) -> None:
        take = self._in_order(reader, start) if self._trigger.ordered else self._dispatch_unordered(start)
        while True:
            for stored in await reader.read(READ):
                self._offsets.begin(stored.partition, stored.offset)
                event = self._wanted(stored)
                if event is None:
                    self._offsets.finish(stored.partition, stored.offset)
                else:
                    await take(stored, event)

    def _wanted(self, stored: Stored) -> CloudEvent | None:
        try:
            event = from_record(stored.record)
        except NotACloudEvent as error:
            place = (self._topic, stored.partition, stored.offset)
            logger.warning("Record %s/%d/%d is discarded: %s", *place, error)
            return None
        return event if passes(self._trigger.filters, event.attributes) else None

    def _dispatch_unordered(self, start: Start) -> "Take":
        room = asyncio.Semaphore(IN_FLIGHT)

        async def finish(stored: Stored, event: CloudEvent) -> None:
            await self._finish(stored, event)
            room.release()

        async def take(stored: Stored, event: CloudEvent) -> None:
            await room.acquire()
            start(finish(stored, event))

        return take

    def _in_order(self, reader: Reader, start: Start) -> "Take":
        lanes = {partition: Lane(partition, reader) for partition in reader.start}
        for lane in lanes.values():
            start(lane.serve(self._finish))

        async def take(stored: Stored, event: CloudEvent) -> None:
            lanes[stored.partition].put(stored, event)

        return take

    async def _finish(self, stored: Stored, event: CloudEvent) -> None:
        self._counts.in_flight += 1
        try:
            await self._deliver(event)
            self._offsets.finish(stored.partition, stored.offset)
        finally:
            self._counts.in_flight -= 1

    async def _deliver(self, event: CloudEvent) -> None:
        match await self._outcome(event):
            case Done(reply):
                if reply is not None:
                    await self._courier.send_until_accepted(BrokerRef(self._trigger.broker), reply)
                self._counts.delivered += 1
            case Failed() as failed:
                await self._dead_letter(event, failed)

    async def _outcome(self, event: CloudEvent) -> Done | Failed:
        outcome = await self._attempt(event)
        for retry in range(1, self._trigger.delivery.retry + 1):
            if isinstance(outcome, Done) or not outcome.retried:
                break
            self._counts.retried += 1
            logger.info("%s will retry event %s: %s", self._trigger.name, event.attributes["id"], outcome.reason)
            await asyncio.sleep(backoff(self._trigger.delivery, retry))
            outcome = await self._attempt(event)
        return outcome

    async def _attempt(self, event: CloudEvent) -> Done | Failed:
        seconds = self._trigger.delivery.timeout
        outcome = judge(await self._courier.send(self._trigger.subscriber, event, self._headers, seconds))
        if isinstance(outcome, Done) and outcome.reply and to_record(outcome.reply).size > MAX_RECORD_BYTES:
            return Failed({}, retried=False, reason="a reply too large for the Broker")
        return outcome

    async def _dead_letter(self, event: CloudEvent, failed: Failed) -> None:
        sink = self._trigger.delivery.dead_letter_sink
        if sink is None:
            raise RuntimeError(f"Trigger {self._trigger.name} has no dead letter sink.")
        logger.warning(
            *("%s gives up event %s: %s", self._trigger.name, event.attributes["id"], failed.reason),
            extra={"trigger": self._trigger.name, "event": event.attributes["id"]},
        )
        target = self._courier.address(self._trigger.subscriber)
        await self._courier.send_until_accepted(sink, dead_letter(event, target, failed))
        self._counts.dead_lettered += 1

    async def _commit_regularly(self, reader: Reader) -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY)
            await self._commit(reader)

    async def _commit(self, reader: Reader) -> None:
        due = self._offsets.due()
        if not due:
            return
        try:
            await reader.commit(due)
        except NotDurable as error:
            logger.warning("%s commits later: %s", self._trigger.name, error)
        else:
            self._offsets.committed(due)


Take = Callable[[Stored, CloudEvent], Coroutine[None, None, None]]


class Lane:
    """The events of one partition that wait for their turn, few enough to hold in memory."""

    def __init__(self, partition: int, reader: Reader) -> None:
        self._partition, self._reader, self._paused = partition, reader, False
        self._waiting = asyncio.Queue[tuple[Stored, CloudEvent]]()

    def put(self, stored: Stored, event: CloudEvent) -> None:
        self._waiting.put_nowait((stored, event))
        if not self._paused and self._waiting.qsize() >= LANE_FULL:
            self._paused = True
            self._reader.pause([self._partition])

    async def serve(self, finish: Take) -> None:
        while True:
            await finish(*await self._waiting.get())
            if self._paused and self._waiting.qsize() <= LANE_LOW:
                self._paused = False
                self._reader.resume([self._partition])
