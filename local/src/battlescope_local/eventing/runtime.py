"""Starts the Brokers, Triggers and PingSources of the manifests."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from battlescope_local.eventing import ping_sources as ping
from battlescope_local.eventing.dead_letters import DeadLetters
from battlescope_local.eventing.dispatcher import Dispatcher, TriggerStats
from battlescope_local.eventing.ingress import ingress_app
from battlescope_local.eventing.sender import LocalService, ResolveUrl, open_event_sender
from battlescope_local.log.port import Log, Topic
from battlescope_local.manifests.model import Manifests


@dataclass(frozen=True, slots=True)
class EventingRuntime:
    """Running dispatchers and timers; the caller must serve `ingress`, alone or as a sub-application."""

    ingress: web.Application
    dead_letters: DeadLetters
    dispatchers: tuple[Dispatcher, ...]
    tasks: tuple[asyncio.Task[None], ...]

    async def stop(self) -> None:
        """Stop all deliveries; the next run delivers the events in flight again."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def stats(self) -> tuple[TriggerStats, ...]:
        return tuple(dispatcher.stats() for dispatcher in self.dispatchers)


def topics(manifests: Manifests) -> tuple[Topic, ...]:
    """Topics of the Brokers and KafkaSinks."""
    broker_topics = (
        Topic(broker.topic, broker.partitions, broker.replication_factor, broker.topic_config)
        for broker in manifests.brokers
    )
    sink_topics = (Topic(sink.topic, sink.partitions, config=sink.topic_config) for sink in manifests.kafka_sinks)
    return (*broker_topics, *sink_topics)


@asynccontextmanager
async def start_eventing(
    manifests: Manifests,
    log: Log,
    resolve: ResolveUrl,
    *,
    services: Mapping[str, LocalService] | None = None,
    timers: Callable[[], bool] = lambda: True,
) -> AsyncGenerator[EventingRuntime]:
    """Create the topics, then dispatch events and publish timer events until exit.

    resolve: gives the URL of every destination that is neither a topic nor one of `services`.
    timers: PingSources publish timer events while it returns true.

    Like every task group, it raises the errors of its tasks, and wraps those of the caller's block.
    """
    await log.create_topics(topics(manifests))
    topics_by_broker = {broker.name: broker.topic for broker in manifests.brokers}
    async with open_event_sender(manifests, log, resolve, services) as sender, asyncio.TaskGroup() as tasks:
        dispatchers = tuple(
            Dispatcher(trigger, topics_by_broker[trigger.broker], sender, log) for trigger in manifests.triggers
        )
        running_tasks = [tasks.create_task(dispatcher.run()) for dispatcher in dispatchers]
        running_tasks += [
            tasks.create_task(ping.run(source, sender, timers, lambda: datetime.now(UTC)))
            for source in manifests.ping_sources
        ]
        dead_letters = DeadLetters(manifests, log, sender)
        runtime = EventingRuntime(ingress_app(manifests.brokers, log), dead_letters, dispatchers, tuple(running_tasks))
        try:
            yield runtime
        finally:
            await runtime.stop()
