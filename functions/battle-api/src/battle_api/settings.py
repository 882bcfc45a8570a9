"""The settings of battle-api, read from the environment."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Without `development_token` all writes are disabled."""

    model_config = SettingsConfigDict(frozen=True)

    database_url: SecretStr
    k_sink: str
    development_token: SecretStr | None = None
