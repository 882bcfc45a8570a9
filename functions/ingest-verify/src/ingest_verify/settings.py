"""Configuration from environment variables, named as Knative and the manifests name them."""

from typing import Annotated

from pydantic import Field

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import Days, Months, Rate, SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings):
    feed_url: str
    feed_max_rate: Rate  # verification uses an eighth: ingest-poll requests the same host
    data_retention_months: Months
    # The Broker keeps events for 7 days, and an operator must notice a dead letter before replaying it.
    transport_retention_days: Annotated[int, Field(ge=8, le=365)]
    daily_verification_enabled: bool
    gap_detection_enabled: bool
    gap_detection_window_months: Months
    gap_detection_max_days: Days
