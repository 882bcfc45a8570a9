"""What the routes of killmail-api depend on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from battlescope_events.http_api.dependencies import OF_APP
from battlescope_events.http_api.guard import Guard
from battlescope_events.postgres.database import Database
from killmail_api.clients.killmail_archive import KillmailArchive
from killmail_api.services.streams import Streams


@dataclass(frozen=True, slots=True)
class Dependencies:
    database: Database
    streams: Streams
    archive: KillmailArchive
    guard: Guard
    now: Callable[[], datetime]


Deps = Annotated[Dependencies, OF_APP]
