"""Configuration of battle-close, from environment variables."""

from typing import Annotated

from pydantic import Field

from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import DAY_SECONDS, SinkSettings


class Settings(DatabaseSettings, SinkSettings):
    """Database, event sink, and the usual delay in seconds from a kill until the feed has its killmail."""

    feed_delay_seconds: Annotated[int, Field(ge=0, le=DAY_SECONDS)]
