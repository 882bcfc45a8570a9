"""Configuration of a function's database, from environment variables."""

from typing import Annotated

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field, SecretStr

from battlescope_events.settings import EnvironmentSettings


def _readable(url: SecretStr) -> SecretStr:
    """Refuse what the driver cannot read: each connection would fail with an error that quotes the password."""
    try:
        conninfo_to_dict(url.get_secret_value())
    except ProgrammingError:
        raise ValueError("must be a connection string of PostgreSQL, with escaped special characters") from None
    return url


class DatabaseSettings(EnvironmentSettings):
    """A block that the `Settings` of a function inherit.

    `schema_version` is the timestamp of the newest migration that the function's code expects, as `schema_migrations`
    has it; without one the function does not wait for migrations.
    """

    database_url: Annotated[SecretStr, AfterValidator(_readable)]
    schema_version: Annotated[str, Field(pattern="^[0-9]+$")] | None = None
