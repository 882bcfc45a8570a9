"""The settings of account-api, read from the environment."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from account_api.domain.features import RoleKey
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings
from battlescope_events.valkey.settings import ValkeySettings

KEY_PATTERN = r"^[A-Za-z0-9_-]{1,16}:[0-9a-fA-F]{64}(?:,[A-Za-z0-9_-]{1,16}:[0-9a-fA-F]{64})?$"
Texts = Annotated[tuple[str, ...], NoDecode]


class Settings(DatabaseSettings, SinkSettings, UpstreamSettings, ValkeySettings):
    """Lists are separated by commas; `DEFAULT_FEATURE_ROLES` is `feature:role` pairs.

    token_encryption_key: `id:64 hex digits`; during a rotation the old key follows the new one after a comma.
    public_url: where browsers reach this installation; the callback address registered at CCP is below it.
    redirect_origins: further origins to which a login may return.
    """

    sso_url: str
    esi_url: str
    sso_client_id: str = ""
    sso_client_secret: SecretStr = SecretStr("")
    sso_scopes: str = "publicData"
    public_url: str
    redirect_origins: Texts = ()
    login_target: str = "/dashboard"
    login_error_target: str = "/login"
    session_ttl_seconds: Annotated[int, Field(ge=60, le=30 * 86_400)] = 28_800
    session_cookie_secure: bool = True
    token_encryption_key: Annotated[SecretStr, Field()]
    require_membership: bool = True
    default_feature_roles: Texts = ("battle-reports:user", "battle-intel:user")
    bootstrap_superadmin_character_ids: Annotated[tuple[int, ...], NoDecode] = ()
    image_host: Literal["https://images.evetech.net"] = "https://images.evetech.net"
    data_retention_months: Annotated[int, Field(ge=1, le=1200)] = 60

    @field_validator("redirect_origins", "default_feature_roles", "bootstrap_superadmin_character_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def default_roles(self) -> dict[str, RoleKey]:
        """The role by feature of a new account."""
        pairs = (entry.partition(":") for entry in self.default_feature_roles)
        return {feature: RoleKey(role) for feature, _, role in pairs}
