"""What every function that requests an upstream reads from its environment; the addresses are its own."""

from typing import Annotated

from pydantic import Field

from battlescope_events.settings import EnvironmentSettings


class UpstreamSettings(EnvironmentSettings):
    user_agent: Annotated[str, Field(min_length=1)]  # upstreams demand a contact address, and ban a blank one
