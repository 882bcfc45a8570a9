"""The settings of ingest-api, read from the environment."""

from battlescope_events.access.settings import AccessSettings
from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import Days, Months, SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings, AccessSettings):
    """What ingest-api needs."""

    esi_url: str
    data_retention_months: Months
    backfill_max_days: Days
