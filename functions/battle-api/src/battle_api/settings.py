"""What battle-api must be told by its surroundings."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Database and event sink; without a token nobody may write."""

    model_config = SettingsConfigDict(frozen=True)

    database_url: SecretStr
    k_sink: str
    development_token: SecretStr | None = None
