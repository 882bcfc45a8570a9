"""Configuration of battle-cluster, from environment variables."""

from pydantic import SecretStr

from battlescope_events.postgres.settings import DatabaseSettings


class Settings(DatabaseSettings):
    """Database, event sink, and the object storage that holds batches of killmails and battle changes."""

    k_sink: str
    s3_endpoint_url: str
    s3_region: str
    s3_bucket: str
    aws_access_key_id: SecretStr
    aws_secret_access_key: SecretStr
