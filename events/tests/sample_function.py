"""A small complete function, run as a real process by the contract tests.

The system id of the event selects the behaviour: 1 permanent error, 2 transient error, 3 unexpected error; for every
other id the function publishes an event.
"""

import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from os import environ

from battlescope_events.catalog import ENTITY_UPDATED, KILLMAIL_INGESTED, Ingested
from battlescope_events.consumer import DeliveryAttempt, Function, event_app
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import BrokerPublisher
from battlescope_schemas.entity import EntityType, EntityUpdated
from battlescope_schemas.reference import KillmailReference

log = logging.getLogger(__name__)
PERMANENT_ERROR, TRANSIENT_ERROR, UNEXPECTED_ERROR = 1, 2, 3


class InMemoryDeduplicator:
    """Deduplicator in the memory of the process."""

    def __init__(self) -> None:
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.done: set[tuple[str, str]] = set()

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        self.attempts[source, event_id] += 1
        return DeliveryAttempt(self.attempts[source, event_id], (source, event_id) in self.done)

    async def mark_processed(self, source: str, event_id: str) -> None:
        self.done.add((source, event_id))


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    log.info("started")
    async with BrokerPublisher(environ["K_SINK"]) as publish:

        async def handle(event: Event[Ingested]) -> None:
            data = event.data
            assert isinstance(data, KillmailReference)
            if data.system_id == PERMANENT_ERROR:
                raise PermanentError("The system\nis wrong — for good.")
            if data.system_id == TRANSIENT_ERROR:
                raise TransientError("The database does not answer.")
            if data.system_id == UNEXPECTED_ERROR:
                raise KeyError("a programming error")
            update = EntityUpdated(
                entity_type=EntityType.CHARACTER,
                entity_id=1,
                entity_name="A",
                updated_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
            time = datetime(2026, 1, 1, tzinfo=UTC)
            await publish([ENTITY_UPDATED.message(update, source="sample", key=str(data.killmail_id), time=time)])

        yield Function(handle, deduplicator=InMemoryDeduplicator())
    log.info("stopped")


app = event_app(build, accepts=[KILLMAIL_INGESTED], emits=[ENTITY_UPDATED])
