"""What administrators see."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from account_api.domain.features import RoleKey
from battlescope_events.http_api.request_types import OffsetPage
from battlescope_schemas.base import EveId, Schema, UtcTime

Status = Literal["active", "blocked", "deleted"]


class AccountQuery(OffsetPage):
    """query: a part of the name of the account or of a character, or the id of a character."""

    query: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    status: Status | None = None


class PrimaryItem(Schema):
    eve_character_id: EveId
    eve_character_name: str
    portrait_url: str
    corp_name: str | None
    alliance_name: str | None


class AdminAccount(Schema):
    id: UUID
    display_name: str
    status: Status
    is_blocked: bool
    blocked_reason: str | None
    is_super_admin: bool
    primary_character: PrimaryItem | None
    character_count: int
    roles: dict[str, RoleKey]
    last_login_at: UtcTime | None
    created_at: UtcTime


class AdminAccounts(Schema):
    accounts: list[AdminAccount]
    total: int
    limit: int
    offset: int


class AuthConfigItem(Schema):
    """Who may log in; with `requireMembership` and empty lists of allowed organisations only SuperAdmins may."""

    require_membership: bool
    allowed_corp_ids: list[EveId]
    allowed_alliance_ids: list[EveId]
    denied_corp_ids: list[EveId]
    denied_alliance_ids: list[EveId]
    updated_at: UtcTime | None
