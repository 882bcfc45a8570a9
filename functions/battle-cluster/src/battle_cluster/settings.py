"""Configuration of battle-cluster, from environment variables."""

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings):
    """Database, event sink, and the object storage that holds batches of killmails and battle changes."""
