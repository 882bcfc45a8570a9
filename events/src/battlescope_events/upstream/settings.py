"""What every function that requests an upstream reads from its environment; the addresses are its own."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class UpstreamSettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    user_agent: Annotated[str, Field(min_length=1)]  # upstreams demand a contact address, and ban a blank one
