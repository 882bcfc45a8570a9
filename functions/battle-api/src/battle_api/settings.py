"""The settings of battle-api, read from the environment."""

from pydantic import SecretStr

from battlescope_events.settings import SinkSettings


class Settings(SinkSettings):
    """Without `development_token` all writes are disabled."""

    database_url: SecretStr
    development_token: SecretStr | None = None
