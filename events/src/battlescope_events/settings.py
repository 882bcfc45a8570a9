"""Blocks of settings that every function may need. The `Settings` of a function inherits the blocks that it uses.

Each mechanism has its own block (`postgres/settings.py`, ...). A block reads the environment variables that are named
as its fields; nothing else in a function reads the environment.
"""

from pydantic_settings import BaseSettings, SettingsConfigDict


class RuntimeSettings(BaseSettings):
    """What Knative and the manifests set for the log lines of every function; outside Knative the names are empty."""

    model_config = SettingsConfigDict(frozen=True)

    k_service: str = ""
    k_revision: str = ""
    environment: str = "local"
    log_level: str = "INFO"


class SinkSettings(BaseSettings):
    """The Broker to publish to, as its SinkBinding sets it."""

    model_config = SettingsConfigDict(frozen=True)

    k_sink: str
