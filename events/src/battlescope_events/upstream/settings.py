"""What every function that requests an upstream reads from its environment; the addresses are its own."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from battlescope_events.settings import FROM_ENVIRONMENT


class UpstreamSettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    user_agent: Annotated[str, Field(min_length=1)]  # upstreams demand a contact address, and ban a blank one
