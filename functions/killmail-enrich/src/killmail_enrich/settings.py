"""What the environment must say; names as Knative and the manifests give them."""

from typing import Annotated, Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

BACKFILL: Final = "backfill"  # the Broker on which history travels, beside the one of K_SINK


class ImportSettings(BaseSettings):
    """What the import of static data needs, which runs as a Job of its own too."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    sde_url: str
    user_agent: Annotated[str, Field(min_length=1)]  # upstream policy demands an address for complaints


class Settings(ImportSettings):
    k_sink: str
    s3_endpoint_url: str
    s3_region: str
    s3_bucket: str
    aws_access_key_id: str
    aws_secret_access_key: SecretStr
    redis_url: SecretStr
    esi_url: str

    @property
    def backfill_sink(self) -> str:
        """The ingress of a Broker is `{host}/{namespace}/{Broker}`, in a cluster and in local mode alike."""
        return f"{self.k_sink.rpartition('/')[0]}/{BACKFILL}"
