"""Configuration of a function's database, from environment variables."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseSettings):
    """A block that the `Settings` of a function inherit."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
