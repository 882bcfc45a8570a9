"""The settings of ingest-api, read from the environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings
from battlescope_events.valkey.settings import ValkeySettings


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings, ValkeySettings):
    """Without `development_token` all writes are disabled."""

    esi_url: str
    data_retention_months: Annotated[int, Field(ge=1, le=1200)]
    backfill_max_days: Annotated[int, Field(ge=1)]
    development_token: SecretStr | None = None
