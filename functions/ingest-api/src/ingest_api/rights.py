"""The rights that the routes of ingest-api need."""

from typing import Final

from battlescope_events.http_api.guard import Right, Role, requires

FEATURE: Final = "battle-reports"
READS_INGESTION: Final = requires(Right(FEATURE, Role.ADMIN))
CONTROLS_INGESTION: Final = requires(Right(FEATURE, Role.ADMIN, writes=True))
