"""What battle-close must be told by its surroundings."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Database, event sink, and how long a mail usually takes from the kill until the feed has it."""

    model_config = SettingsConfigDict(frozen=True)

    database_url: SecretStr
    k_sink: str
    feed_delay_seconds: Annotated[int, Field(ge=0)]
