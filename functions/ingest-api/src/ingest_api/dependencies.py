"""What the routes of ingest-api depend on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from battlescope_events.http_api.guard import Guard
from battlescope_events.http_api.routing import OF_APP
from battlescope_events.http_api.saved_requests import publish_saved
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from ingest_api.domain.retention_window import Limits
from ingest_api.services.rulesets import RulesetService


@dataclass(frozen=True, slots=True)
class Dependencies:
    database: Database
    outbox: Outbox
    publish: Publish
    guard: Guard
    storage: ObjectStorage
    rulesets: RulesetService
    limits: Limits
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def flush_outbox(self) -> None:
        """Publish the events of a saved request, if the Broker answers in time."""
        await publish_saved(lambda: self.outbox.flush(self.publish))


Deps = Annotated[Dependencies, OF_APP]
