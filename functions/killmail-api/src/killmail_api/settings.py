"""Configuration from environment variables; their names are those of Knative and of the manifests."""

from battlescope_events.postgres.settings import DatabaseSettings


class Settings(DatabaseSettings):
    """The database of the killmail context."""
