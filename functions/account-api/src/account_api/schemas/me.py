"""What an account sees of itself."""

from typing import Literal
from uuid import UUID

from account_api.domain.features import RoleKey
from account_api.schemas.requests import Preferences
from battlescope_schemas.base import EveId, Schema, UtcTime


class CharacterItem(Schema):
    """A linked character. tokenStatus is the health of its token: revoked means that it must log in again."""

    id: UUID
    eve_character_id: EveId
    eve_character_name: str
    portrait_url: str
    corp_id: EveId
    corp_name: str
    alliance_id: EveId | None
    alliance_name: str | None
    is_primary: bool
    scopes: list[str]
    token_status: Literal["valid", "expiring", "expired"]
    token_expires_at: UtcTime | None
    last_verified_at: UtcTime
    created_at: UtcTime


class RoleItem(Schema):
    feature: str
    role: RoleKey
    rank: int


class Me(Schema):
    """The account of the caller."""

    id: UUID
    display_name: str
    email: str | None
    is_super_admin: bool
    terms_accepted_at: UtcTime | None
    last_login_at: UtcTime | None
    primary_character: CharacterItem | None
    characters: list[CharacterItem]
    roles: list[RoleItem]


class Characters(Schema):
    characters: list[CharacterItem]


class FeatureName(Schema):
    key: str
    name: str


class RoleName(Schema):
    key: RoleKey
    rank: int


class FeatureRole(Schema):
    feature: FeatureName
    role: RoleName


class Roles(Schema):
    roles: list[FeatureRole]


class Permission(Schema):
    role: RoleKey
    rank: int


class Permissions(Schema):
    """Roles by feature."""

    is_super_admin: bool
    permissions: dict[str, Permission]


class AccountItem(Schema):
    id: UUID
    display_name: str
    email: str | None
    last_login_at: UtcTime | None
    created_at: UtcTime


class CorporationGroup(Schema):
    corp_id: EveId
    corp_name: str
    characters: list[CharacterItem]


class AllianceGroup(Schema):
    """Corporations of an alliance; without an alliance both fields are null, and the group is the last one."""

    alliance_id: EveId | None
    alliance_name: str | None
    corporations: list[CorporationGroup]


class ProfileRole(Schema):
    feature_key: str
    feature_name: str
    role_key: RoleKey
    role_rank: int
    granted_at: UtcTime


class ProfileStats(Schema):
    total_characters: int
    unique_alliances: int
    unique_corporations: int


class Profile(Schema):
    account: AccountItem
    primary_character: CharacterItem | None
    characters_grouped: list[AllianceGroup]
    feature_roles: list[ProfileRole]
    stats: ProfileStats


class FeatureItem(Schema):
    """A feature and the role of the caller in it; without a role both fields are null."""

    key: str
    name: str
    description: str
    role: RoleKey | None
    rank: int


class Flags(Schema):
    image_host: str
    retention_months: int


class Capabilities(Schema):
    """What the web application needs when it starts. In the access mode `off` there are no accounts."""

    mode: Literal["off", "sso"]
    account: Me | None
    is_super_admin: bool
    can_write: bool
    session_expires_at: UtcTime | None
    features: list[FeatureItem]
    preferences: Preferences
    flags: Flags


class AccessTokenItem(Schema):
    """A personal access token; the token itself is shown only when it is created."""

    id: UUID
    name: str
    can_write: bool
    created_at: UtcTime
    expires_at: UtcTime


class AccessTokens(Schema):
    tokens: list[AccessTokenItem]


class CreatedAccessToken(AccessTokenItem):
    token: str


class LinkStart(Schema):
    redirect_url: str


class Export(Schema):
    """Everything that is stored about an account, without tokens; owner hashes are by the id of the character."""

    account: Me
    preferences: Preferences
    access_tokens: list[AccessTokenItem]
    feature_roles: list[ProfileRole]
    owner_hashes: dict[str, str]
    created_at: UtcTime
