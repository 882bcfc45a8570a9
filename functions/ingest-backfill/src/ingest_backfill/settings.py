"""Configuration from environment variables, named as Knative and the manifests name them."""

from typing import Annotated

from pydantic import Field

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import Days, Months, Rate, SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings
from battlescope_events.valkey.settings import ValkeySettings

Count = Annotated[int, Field(ge=1, le=100)]


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings, ValkeySettings):
    """Rates are requests per second. They are low, so that backfills do not load hosts that serve data for free."""

    feed_url: str
    esi_url: str
    everef_url: str
    feed_max_rate: Rate = 8.0  # the backfill uses an eighth: ingest-poll requests the same host
    everef_max_rate: Rate = 1.0
    esi_max_rate: Rate = 2.0  # ESI allows 1,800 killmails in 15 minutes
    data_retention_months: Months = 60
    backfill_max_days: Days = 1_900  # 60 months, and a few days more
    backfill_max_jobs: Count = 1
    backfill_window_days: Count = 2  # one is fetched while another is written
