"""The settings of battle-api, read from the environment."""

from pydantic import SecretStr

from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings


class Settings(DatabaseSettings, SinkSettings):
    """Without `development_token` all writes are disabled."""

    development_token: SecretStr | None = None
