"""Configuration of battle-close, from environment variables."""

from typing import Annotated

from pydantic import Field, SecretStr

from battlescope_events.settings import SinkSettings


class Settings(SinkSettings):
    """Database, event sink, and the usual delay in seconds from a kill until the feed has its killmail."""

    database_url: SecretStr
    feed_delay_seconds: Annotated[int, Field(ge=0)]
