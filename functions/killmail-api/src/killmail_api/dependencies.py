"""What the routes of killmail-api depend on."""

from dataclasses import dataclass
from typing import Annotated

from battlescope_events.http_api.dependencies import OF_APP
from battlescope_events.http_api.guard import Guard
from battlescope_events.postgres.database import Database


@dataclass(frozen=True, slots=True)
class Dependencies:
    database: Database
    guard: Guard


Deps = Annotated[Dependencies, OF_APP]
