"""Configuration from environment variables; their names are those of Knative and of the manifests."""

from typing import Final

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import Rate, SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings
from battlescope_events.valkey.settings import ValkeySettings

BACKFILL_BROKER: Final = "backfill"  # carries backfilled killmails, beside the Broker of K_SINK


class ImportSettings(DatabaseSettings, UpstreamSettings):
    """What the import of static data needs; it also runs as a Job of its own."""

    sde_url: str


class RevaluationSettings(DatabaseSettings, SinkSettings, ObjectStorageSettings):
    """What a revaluation needs; it is a command of its own."""

    @property
    def backfill_broker_url(self) -> str:
        """A Broker's ingress URL is `{host}/{namespace}/{Broker}`, both in a cluster and in local mode."""
        return f"{self.k_sink.rpartition('/')[0]}/{BACKFILL_BROKER}"


class Settings(ImportSettings, RevaluationSettings, ValkeySettings):
    """market_history_url: prices by day in EVE Ref's layout, http(s) or `file://`.

    market_history_max_rate: files per second. ticker_max_rate: requests to ESI per second, for tickers. Of both only
    one process at a time requests anything, so any number of pods may run.
    """

    esi_url: str
    market_history_url: str
    market_history_max_rate: Rate = 0.5  # five years take an hour
    ticker_max_rate: Rate = 2.0  # all active organisations in some hours
