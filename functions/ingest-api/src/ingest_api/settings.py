"""The settings of ingest-api, read from the environment."""

from typing import Annotated

from pydantic import Field

from battlescope_events.access.settings import AccessSettings
from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings, AccessSettings):
    """What ingest-api needs."""

    esi_url: str
    data_retention_months: Annotated[int, Field(ge=1, le=1200)]
    backfill_max_days: Annotated[int, Field(ge=1)]
