"""The settings of account-api, read from the environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from account_api.domain.features import RoleKey
from battlescope_events.access.settings import AccessSettings
from battlescope_events.edge.modes import AccessMode
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import Months, SinkSettings
from battlescope_events.upstream.settings import UpstreamSettings


class Settings(DatabaseSettings, SinkSettings, UpstreamSettings, AccessSettings):
    """Lists are separated by spaces; the first of `public_origins` is where EVE SSO sends browsers back to.

    token_encryption_key: `id:64 hex digits`; during a rotation the old key follows the new one after a comma.
    login_target, login_error_target: where a login returns to by default, and where it reports an error.
    default_feature_roles: of new accounts, as `feature:role`.
    bootstrap_superadmin_character_ids: characters whose accounts become SuperAdmins at their login.
    """

    sso_url: str
    esi_url: str
    sso_client_id: str = ""
    sso_client_secret: SecretStr = SecretStr("")
    sso_scopes: str = "publicData"
    login_target: str = "/dashboard"
    login_error_target: str = "/login"
    session_ttl_seconds: Annotated[int, Field(ge=60, le=30 * 86_400)] = 28_800
    session_cookie_secure: bool = True
    token_encryption_key: SecretStr = SecretStr("")
    require_membership: bool = True
    default_feature_roles: str = "battle-reports:user battle-intel:user"
    bootstrap_superadmin_character_ids: str = ""
    image_host: str = "https://images.evetech.net"
    data_retention_months: Months = 60

    @property
    def default_roles(self) -> dict[str, RoleKey]:
        """The role by feature of a new account."""
        pairs = (entry.partition(":") for entry in self.default_feature_roles.split())
        return {feature: RoleKey(role) for feature, _, role in pairs}

    @property
    def super_admin_characters(self) -> frozenset[int]:
        """The EVE ids of the configured SuperAdmins."""
        return frozenset(map(int, self.bootstrap_superadmin_character_ids.split()))

    @property
    def has_login(self) -> bool:
        return self.access_mode is AccessMode.SSO and bool(self.sso_client_id)
