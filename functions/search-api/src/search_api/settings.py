"""The settings of search-api, read from the environment."""

from battlescope_events.access.settings import AccessSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings
from battlescope_events.typesense.settings import SearchEngineSettings


class Settings(DatabaseSettings, SinkSettings, AccessSettings, SearchEngineSettings):
    """What search-api needs."""
