"""Brokers, Triggers, sinks and timers of the manifests, brought to life together."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from battlescope_local.eventing import ping_sources as ping
from battlescope_local.eventing.dispatcher import Dispatcher, TriggerStats
from battlescope_local.eventing.ingress import ingress
from battlescope_local.eventing.sender import Resolve, Subscriber, courier
from battlescope_local.log.port import Log, Topic
from battlescope_local.manifests.model import Manifests


@dataclass(frozen=True, slots=True)
class Eventing:
    """`ingress` is to be served, or mounted as a sub-application, by whoever composes the node."""

    ingress: web.Application
    dispatchers: tuple[Dispatcher, ...]
    running: tuple[asyncio.Task[None], ...]

    async def stop(self) -> None:
        """No event goes out any more; what was on its way is delivered again by the next run."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    def stats(self) -> tuple[TriggerStats, ...]:
        return tuple(dispatcher.stats() for dispatcher in self.dispatchers)


def topics(manifests: Manifests) -> tuple[Topic, ...]:
    brokers = (Topic(one.topic, one.partitions, one.replication_factor, one.topic_config) for one in manifests.brokers)
    sinks = (Topic(one.topic, one.partitions, one.replication_factor) for one in manifests.kafka_sinks)
    return (*brokers, *sinks)


@asynccontextmanager
async def eventing(
    manifests: Manifests,
    log: Log,
    resolve: Resolve,
    *,
    services: Mapping[str, Subscriber] | None = None,
    timers: Callable[[], bool] = lambda: True,
) -> AsyncGenerator[Eventing]:
    """Make the topics, then dispatch and tick until left; `timers` may suspend the PingSources.

    A Service that is not among `services` is reached over HTTP, where `resolve` says.

    Like every task group it raises what its tasks raise, and wraps what the caller's own block raises.
    """
    await log.create_topics(topics(manifests))
    topic_of = {broker.name: broker.topic for broker in manifests.brokers}
    async with courier(manifests, log, resolve, services) as carrier, asyncio.TaskGroup() as tasks:
        dispatchers = tuple(Dispatcher(one, topic_of[one.broker], carrier, log) for one in manifests.triggers)
        running = [tasks.create_task(dispatcher.run()) for dispatcher in dispatchers]
        running += [
            tasks.create_task(ping.run(source, carrier, timers, lambda: datetime.now(UTC)))
            for source in manifests.ping_sources
        ]
        one = Eventing(ingress(manifests.brokers, log), dispatchers, tuple(running))
        try:
            yield one
        finally:
            await one.stop()
