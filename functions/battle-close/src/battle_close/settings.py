"""Configuration of battle-close, from environment variables."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Database, event sink, and the usual delay in seconds from a kill until the feed has its killmail."""

    model_config = SettingsConfigDict(frozen=True)

    database_url: SecretStr
    k_sink: str
    feed_delay_seconds: Annotated[int, Field(ge=0)]
