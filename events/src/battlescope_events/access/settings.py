"""How a function with an HTTP API knows its callers, in its environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from battlescope_events.edge.modes import AccessMode
from battlescope_events.settings import EnvironmentSettings
from battlescope_events.valkey.settings import ValkeySettings


class EdgeSettings(EnvironmentSettings):
    """What also a function without callers needs. Lists are separated by spaces.

    public_origins: where browsers find the web application and the API, like https://battlescope.example.com.
    cors_origins: other origins whose pages may call the API.
    """

    access_mode: AccessMode = AccessMode.SSO
    public_origins: str = ""
    cors_origins: str = ""


class AccessSettings(ValkeySettings, EdgeSettings):
    """What a function with callers needs.

    owner_token: of the mode `off`; without it changes are refused.
    trusted_hops: how many of our own proxies add the address of their caller to X-Forwarded-For.
    """

    owner_token: SecretStr | None = None
    trusted_hops: Annotated[int, Field(ge=0, le=10)] = 1
