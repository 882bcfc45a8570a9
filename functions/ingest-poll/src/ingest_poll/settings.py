"""Configuration from environment variables, named as Knative and the manifests name them."""

from typing import Annotated

from pydantic import Field

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings
from battlescope_events.valkey.settings import ValkeySettings


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings, ValkeySettings):
    feed_url: str
    esi_url: str
    feed_max_rate: Annotated[float, Field(gt=0)] = 8.0  # requests per second; the feed bans from 15 on
    feed_idle_seconds: Annotated[float, Field(gt=0)] = 6.0  # the feed's minimum; lower only for a simulated feed
