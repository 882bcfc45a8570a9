"""Blocks of settings that every function may need. The `Settings` of a function inherits the blocks that it uses.

Each mechanism has its own block (`postgres/settings.py`, ...). A block reads the environment variables that are named
as its fields; nothing else in a function reads the environment.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

SettingsT = TypeVar("SettingsT", bound="EnvironmentSettings")

# Every number of a setting has bounds, so that what is computed from it stays a time, a rate or a size
# (`local/tests/test_setting_bounds.py`).
DAY_SECONDS: Final = 86_400
Seconds = Annotated[float, Field(ge=0, le=DAY_SECONDS, allow_inf_nan=False)]
Pause = Annotated[float, Field(ge=0.01, le=DAY_SECONDS, allow_inf_nan=False)]  # seconds between two requests
Rate = Annotated[float, Field(ge=0.001, le=100_000, allow_inf_nan=False)]  # requests per second; tests ask thousands
Months = Annotated[int, Field(ge=1, le=1_200)]
Days = Annotated[int, Field(ge=1, le=36_600)]  # 1,200 months

WRONG_SETTINGS: Final = 78  # exit code of a function; EX_CONFIG of sysexits.h
# Of pydantic's messages, which name its internals.
_PLAIN_WORDS: Final[Mapping[str, str]] = {
    "Field required": "is missing",
    "Input should ": "must ",
    "String should ": "must ",
    "Value error, ": "",
}


class SettingsError(Exception):
    """A setting is missing or wrong. The message has one sentence for each, and never a value, which may be secret."""


class EnvironmentSettings(BaseModel):
    """The base of every block: a field that is no argument has the value of its variable (`k_sink`: K_SINK).

    An error names the setting and never a value, which may be a secret. pydantic-settings, which also reads files and
    command lines, would take a twentieth of a cold start.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=True)

    def __init__(self, environ: Mapping[str, str] = os.environ, /, **values: object) -> None:
        names = {name: name.upper() for name in type(self).model_fields if name not in values}
        environment = {name: environ[variable] for name, variable in names.items() if variable in environ}
        super().__init__(**environment, **values)


class RuntimeSettings(EnvironmentSettings):
    """What Knative and the manifests set for the log lines of every function; outside Knative the names are empty."""

    k_service: str = ""
    k_revision: str = ""
    environment: str = "local"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"


class SinkSettings(EnvironmentSettings):
    """The Broker to publish to, as its SinkBinding sets it."""

    k_sink: str


def from_environment(settings: type[SettingsT], environ: Mapping[str, str] = os.environ) -> SettingsT:
    """The settings of a function.

    Raises:
        SettingsError: a setting is missing or wrong.
    """
    try:
        return settings(environ)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise SettingsError(" ".join(map(_sentence, details))) from None


def _sentence(error: ErrorDetails) -> str:
    """One sentence about the variable; an error of several settings is a sentence by itself."""
    message = error["msg"].partition(", unable to ")[0].rstrip(".")
    for words, plain in _PLAIN_WORDS.items():
        message = message.replace(words, plain)
    return " ".join([*(str(name).upper() for name in error["loc"][:1]), f"{message}."])
