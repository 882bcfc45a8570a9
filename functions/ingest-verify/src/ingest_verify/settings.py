"""Configuration from environment variables, named as Knative and the manifests name them."""

from typing import Annotated

from pydantic import Field

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings

Count = Annotated[int, Field(ge=1)]


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings):
    feed_url: str
    feed_max_rate: Annotated[float, Field(gt=0)]  # verification uses an eighth: ingest-poll requests the same host
    data_retention_months: Count
    # The Broker keeps events for 7 days, and an operator must notice a dead letter before replaying it.
    transport_retention_days: Annotated[int, Field(ge=8)]
    daily_verification_enabled: bool
    gap_detection_enabled: bool
    gap_detection_window_months: Count
    gap_detection_max_days: Count
