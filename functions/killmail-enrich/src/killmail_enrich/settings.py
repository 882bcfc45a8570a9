"""Configuration from environment variables; their names are those of Knative and of the manifests."""

from typing import Annotated, Final

from pydantic import Field, SecretStr

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings

BACKFILL_BROKER: Final = "backfill"  # carries backfilled killmails, beside the Broker of K_SINK


class ImportSettings(DatabaseSettings):
    """What the import of static data needs; it also runs as a Job of its own."""

    sde_url: str
    user_agent: Annotated[str, Field(min_length=1)]  # the policy of ESI demands a contact address


class Settings(ImportSettings, SinkSettings, ObjectStorageSettings):
    redis_url: SecretStr
    esi_url: str

    @property
    def backfill_broker_url(self) -> str:
        """A Broker's ingress URL is `{host}/{namespace}/{Broker}`, both in a cluster and in local mode."""
        return f"{self.k_sink.rpartition('/')[0]}/{BACKFILL_BROKER}"
