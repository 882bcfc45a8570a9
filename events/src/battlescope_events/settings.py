"""Blocks of settings that every function may need. The `Settings` of a function inherits the blocks that it uses.

Each mechanism has its own block (`postgres/settings.py`, ...). A block reads the environment variables that are named
as its fields; nothing else in a function reads the environment.
"""

import os
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

SettingsT = TypeVar("SettingsT", bound="EnvironmentSettings")


class EnvironmentSettings(BaseModel):
    """The base of every block: a field that is no argument has the value of its variable (`k_sink`: K_SINK).

    An error names the setting and never a value, which may be a secret. pydantic-settings, which also reads files and
    command lines, would take a twentieth of a cold start.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=True)

    def __init__(self, **values: object) -> None:
        names = {name: name.upper() for name in type(self).model_fields if name not in values}
        environment = {name: os.environ[variable] for name, variable in names.items() if variable in os.environ}
        super().__init__(**environment, **values)


class RuntimeSettings(EnvironmentSettings):
    """What Knative and the manifests set for the log lines of every function; outside Knative the names are empty."""

    k_service: str = ""
    k_revision: str = ""
    environment: str = "local"
    log_level: str = "INFO"


class SinkSettings(EnvironmentSettings):
    """The Broker to publish to, as its SinkBinding sets it."""

    k_sink: str


def from_environment(settings: type[SettingsT]) -> SettingsT:
    """The settings of a function.

    Raises:
        pydantic.ValidationError: a setting is missing or invalid; the error names it.
    """
    return settings()
