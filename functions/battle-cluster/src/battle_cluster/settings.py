"""Configuration of battle-cluster, from environment variables."""

from pydantic import SecretStr

from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings


class Settings(DatabaseSettings, SinkSettings):
    """Database, event sink, and the object storage that holds batches of killmails and battle changes."""

    s3_endpoint_url: str
    s3_region: str
    s3_bucket: str
    aws_access_key_id: SecretStr
    aws_secret_access_key: SecretStr
