"""The address of Valkey in a function's environment."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ValkeySettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    redis_url: SecretStr
