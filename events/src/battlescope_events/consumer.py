"""The shell every event function runs in: `app = event_app(build, accepts=[…], emits=[…])`.

Statuses are in `faults.py`. Delivery is at least once, so an event that was handled is acknowledged again without
being handled again, and one that keeps failing is given up here in case the sender would retry for ever.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cloudevents.http import CloudEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from battlescope_events.errors import STATUS, PermanentError, TransientError, reason_header
from battlescope_events.framework_adapter import Shell
from battlescope_events.health import health_routes
from battlescope_events.logs import configure
from battlescope_events.messages import Event, EventType, read
from battlescope_events.settings import surroundings
from battlescope_events.trace import CURRENT, Trace

_log = logging.getLogger(__name__)
# A Trigger delivers six times in half a minute; three such rounds mean that nobody will mend it by waiting.
MOST_ATTEMPTS: Final = 18


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """How often an event was begun, this time included, and whether it was once finished."""

    number: int
    mark_processed: bool


class Deduplicator(Protocol):
    """Remembers events by (source, id). Its loss costs work, never correctness: writes are idempotent by themselves."""

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt: ...

    async def mark_processed(self, source: str, event_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Function:
    """A function at work: what it does with an event, what remembers its events, and whether it can work."""

    handle: Callable[[Event[Any]], Awaitable[None]]
    guard: Deduplicator | None = None
    ready: Callable[[], Awaitable[None]] | None = None


Build = Callable[[], AbstractAsyncContextManager[Function]]


class EventApp(Starlette):
    """An ASGI app that also tells what it accepts and emits: the one declaration that manifests are held to."""

    accepts: tuple[EventType[Any], ...]
    emits: tuple[EventType[Any], ...]


def event_app(build: Build, *, accepts: Iterable[EventType[Any]], emits: Iterable[EventType[Any]] = ()) -> EventApp:
    """The ASGI app of an event function; `build` opens what the function needs and closes it at the end."""
    accepted = {kind.name: kind for kind in accepts}
    running: list[Function] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        configure(surroundings())
        async with build() as function:
            running.append(function)
            yield
            running.clear()

    async def receive(event: CloudEvent) -> None:
        await _answer(event, accepted, running[0])

    async def ready() -> None:
        if running and running[0].ready:
            await running[0].ready()

    app = EventApp(lifespan=lifespan, routes=[*health_routes(ready), Mount("/", Shell(receive))])
    app.accepts, app.emits = tuple(accepted.values()), tuple(emits)
    return app


async def _answer(event: CloudEvent, accepted: dict[str, EventType[Any]], function: Function) -> None:
    attributes = event.get_attributes()
    trace = Trace.start(attributes.get("traceparent"), attributes.get("correlationid"))
    token = CURRENT.set(trace.of_event(str(attributes["id"])))
    try:
        await _process_once(read(event, accepted), function)
    except (PermanentError, TransientError) as fault:
        _log.warning("%s: %s", type(fault).__name__, fault, extra={"context": {"type": attributes["type"]}})
        raise HTTPException(STATUS[type(fault)], headers={"Kne-Reason": reason_header(str(fault))}) from fault
    finally:
        CURRENT.reset(token)


async def _process_once(event: Event[Any], function: Function) -> None:
    guard = function.guard
    if guard is None:
        await function.handle(event)
        return
    attempt = await guard.attempt(event.source, event.id)
    if attempt.mark_processed:
        return
    if attempt.number > MOST_ATTEMPTS:
        raise PermanentError(
            f"Given up after {MOST_ATTEMPTS} attempts; the log has what went wrong with event {event.id}."
        )
    await function.handle(event)
    await guard.mark_processed(event.source, event.id)
