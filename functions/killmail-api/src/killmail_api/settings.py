"""Configuration from environment variables; their names are those of Knative and of the manifests."""

from battlescope_events.access.settings import AccessSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings


class Settings(DatabaseSettings, SinkSettings, AccessSettings):
    """What killmail-api needs."""
