"""Configuration of battle-cluster, from environment variables."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Database, event sink, and the object storage that holds batches of killmails and battle changes."""

    model_config = SettingsConfigDict(frozen=True)

    database_url: SecretStr
    k_sink: str
    s3_endpoint_url: str
    s3_region: str
    s3_bucket: str
    aws_access_key_id: SecretStr
    aws_secret_access_key: SecretStr
