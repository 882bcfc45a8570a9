"""The settings of battle-api, read from the environment."""

from battlescope_events.access.settings import AccessSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings


class Settings(DatabaseSettings, SinkSettings, AccessSettings):
    """What battle-api needs."""
