"""Blocks of settings that every function may need. The `Settings` of a function inherits the blocks that it uses.

Each mechanism has its own block (`postgres/settings.py`, ...). A block reads the environment variables that are named
as its fields; nothing else in a function reads the environment.
"""

from typing import Final, TypeVar

from pydantic_settings import BaseSettings, SettingsConfigDict

SettingsT = TypeVar("SettingsT", bound=BaseSettings)
FROM_ENVIRONMENT: Final = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
"""How every block reads the environment. An error names the setting and never a value, which may be a secret."""


class RuntimeSettings(BaseSettings):
    """What Knative and the manifests set for the log lines of every function; outside Knative the names are empty."""

    model_config = FROM_ENVIRONMENT

    k_service: str = ""
    k_revision: str = ""
    environment: str = "local"
    log_level: str = "INFO"


class SinkSettings(BaseSettings):
    """The Broker to publish to, as its SinkBinding sets it."""

    model_config = FROM_ENVIRONMENT

    k_sink: str


def from_environment(settings: type[SettingsT]) -> SettingsT:
    """The settings of a function; for type checkers, their own constructor needs every field as an argument.

    Raises:
        pydantic.ValidationError: a setting is missing or invalid; the error names it.
    """
    return settings()
