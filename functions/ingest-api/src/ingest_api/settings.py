"""The settings of ingest-api, read from the environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from battlescope_events.settings import SinkSettings


class Settings(SinkSettings):
    """Without `development_token` all writes are disabled."""

    database_url: SecretStr
    s3_endpoint_url: str
    s3_region: str
    s3_bucket: str
    aws_access_key_id: str
    aws_secret_access_key: SecretStr
    esi_url: str
    user_agent: Annotated[str, Field(min_length=1)]  # ESI requires one with a contact address
    data_retention_months: Annotated[int, Field(ge=1, le=1200)]
    backfill_max_days: Annotated[int, Field(ge=1)]
    development_token: SecretStr | None = None
