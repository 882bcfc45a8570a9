"""Configuration from environment variables, named as Knative and the manifests name them."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import Pause, Rate, Seconds, SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings
from battlescope_events.valkey.settings import ValkeySettings
from ingest_poll.feed.failover import FailoverPolicy


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, UpstreamSettings, ValkeySettings):
    feed_url: str
    esi_url: str
    feed_max_rate: Rate = 8.0  # requests per second; the feed bans from 15 on
    feed_idle_seconds: Pause = 6.0  # the feed's minimum; lower only for a simulated feed
    linger_seconds: Seconds = 0.25  # after a pass of several killmails, until the next one
    batch_threshold: Annotated[int, Field(ge=0, le=10_000)] = 2  # killmails of a pass; more are published as one batch
    catch_up_seconds: Seconds = 60.0  # of requests: a longer backlog is read beside the present
    standby_source: Literal["history", "mirror", "off"] = "history"
    standby_url: str = ""  # of the mirror, or of the lists where they are not on the host of the feed
    standby_max_rate: Rate = 1.0  # requests per second to ESI, which gives 2 to all functions
    standby_idle_seconds: Pause = 300.0  # between two requests for the lists
    failover_silence_seconds: Seconds = 2_700.0
    failover_error_seconds: Seconds = 600.0
    failover_recovery_seconds: Seconds = 60.0

    @property
    def failover_policy(self) -> FailoverPolicy:
        return FailoverPolicy(
            self.failover_silence_seconds, self.failover_error_seconds, self.failover_recovery_seconds
        )

    @property
    def lists_are_on_the_host_of_the_feed(self) -> bool:
        """Whether a refusal of the feed holds for the lists too."""
        return not self.standby_url or urlsplit(self.standby_url).netloc == urlsplit(self.feed_url).netloc

    @model_validator(mode="after")
    def _mirror_has_an_address(self) -> Self:
        if self.standby_source == "mirror" and not self.standby_url:
            raise ValueError("STANDBY_SOURCE=mirror needs the address of the mirror in STANDBY_URL.")
        return self
