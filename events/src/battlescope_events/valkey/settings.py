"""The address of Valkey in a function's environment."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from battlescope_events.settings import EnvironmentSettings

_SCHEMES = {"redis", "rediss", "unix"}


def _readable(url: SecretStr) -> SecretStr:
    """Refuse what the driver cannot read: each command would fail with an error that may quote the password."""
    try:
        parts = urlsplit(url.get_secret_value())
        is_readable = parts.scheme in _SCHEMES and parts.port != 0
    except ValueError:
        is_readable = False
    if not is_readable:
        raise ValueError("must be a URL like redis://:password@host:6379/0, with escaped special characters")
    return url


class ValkeySettings(EnvironmentSettings):
    redis_url: Annotated[SecretStr, AfterValidator(_readable)]
