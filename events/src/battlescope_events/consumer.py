"""The consumer of every event function: `app = event_app(build, accepts=[…], emits=[…])`.

`errors.py` maps errors to statuses. Delivery is at least once: a processed event is acknowledged again without being
processed again, and an event that keeps failing is rejected for good, in case the sender would retry for ever.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cloudevents.http import CloudEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from battlescope_events.errors import PermanentError, TransientError, reason_header, status_of
from battlescope_events.framework_adapter import FrameworkAdapter
from battlescope_events.health import Ready, health_routes
from battlescope_events.logs import configure
from battlescope_events.messages import Event, EventType, read
from battlescope_events.server.garbage import begin_collecting, collect_seldom
from battlescope_events.settings import RuntimeSettings
from battlescope_events.trace import CURRENT, Trace

_log = logging.getLogger(__name__)
# A Trigger delivers six times in half a minute; after three such rounds waiting will not help.
MAX_ATTEMPTS: Final = 18


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """How many deliveries of an event were begun, this one included, and whether one was finished."""

    number: int
    is_processed: bool


class Deduplicator(Protocol):
    """Records events by (source, id). Losing its records costs work, never correctness: every write is idempotent."""

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt: ...

    async def mark_processed(self, source: str, event_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Function:
    """A running function: its event handler, its deduplicator and its readiness check."""

    handle: Callable[[Event[Any]], Awaitable[None]]
    deduplicator: Deduplicator | None = None
    ready: Ready | None = None


Build = Callable[[], AbstractAsyncContextManager[Function]]


class EventApp(Starlette):
    """An ASGI app that declares which event types it accepts and emits; tests compare the manifests with it."""

    accepts: tuple[EventType[Any], ...]
    emits: tuple[EventType[Any], ...]
    function: Function  # set by the lifespan, which begins before the first request


def event_app(build: Build, *, accepts: Iterable[EventType[Any]], emits: Iterable[EventType[Any]] = ()) -> EventApp:
    """The ASGI app of an event function. `build` opens the dependencies of the function and closes them on shutdown."""
    accepted = {kind.name: kind for kind in accepts}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        configure(RuntimeSettings())
        collect_seldom()
        async with build() as app.function:
            begin_collecting()
            yield

    async def receive(event: CloudEvent) -> None:
        await _consume(event, accepted, app.function)

    async def ready() -> Mapping[str, object] | None:
        return await app.function.ready() if app.function.ready else None

    app = EventApp(lifespan=lifespan, routes=[*health_routes(ready), Mount("/", FrameworkAdapter(receive))])
    app.accepts, app.emits = tuple(accepted.values()), tuple(emits)
    return app


async def _consume(event: CloudEvent, accepted: dict[str, EventType[Any]], function: Function) -> None:
    attributes = event.get_attributes()
    trace = Trace.start(attributes.get("traceparent"), attributes.get("correlationid"))
    token = CURRENT.set(trace.of_event(str(attributes["id"])))
    try:
        await _process_once(read(event, accepted), function)
    except (PermanentError, TransientError) as error:
        _log.warning("%s: %s", type(error).__name__, error, extra={"context": {"type": attributes["type"]}})
        raise HTTPException(status_of(error), headers={"Kne-Reason": reason_header(str(error))}) from error
    finally:
        CURRENT.reset(token)


async def _process_once(event: Event[Any], function: Function) -> None:
    deduplicator = function.deduplicator
    if deduplicator is None:
        await function.handle(event)
        return
    attempt = await deduplicator.attempt(event.source, event.id)
    if attempt.is_processed:
        return
    if attempt.number > MAX_ATTEMPTS:
        raise PermanentError(f"Event {event.id} failed {MAX_ATTEMPTS} times; the log has the error of each attempt.")
    await function.handle(event)
    await deduplicator.mark_processed(event.source, event.id)
