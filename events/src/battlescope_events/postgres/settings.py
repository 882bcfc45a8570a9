"""Configuration of a function's database, from environment variables."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseSettings):
    """A block that the `Settings` of a function inherit.

    `schema_version` is the timestamp of the newest migration that the function's code expects, as `schema_migrations`
    has it; without one the function does not wait for migrations.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    schema_version: Annotated[str, Field(pattern="^[0-9]+$")] | None = None
