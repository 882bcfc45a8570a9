"""Event payloads of accounts: what changed about one, and the audit record of an action."""

from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from battlescope_schemas.accounts.session import Roles
from battlescope_schemas.base import EveId, Schema, UtcTime

SYSTEM_ACTOR: Final = "system"


class Organisation(Schema):
    """Corporation and alliance of the primary character of an account."""

    corporation_id: EveId
    alliance_id: EveId | None = None


class AccountChanged(Schema):
    """The state of an account after a change. Consumers keep the highest `version` of an account.

    roles: the rank by feature: 10 user, 20 fc, 30 director, 40 admin; empty once the account is deleted, and while its
        organisation may not log in.
    organisation: None where it is not known, or the account is deleted.
    """

    account_id: UUID
    version: Annotated[int, Field(ge=0)]
    changed_at: UtcTime
    roles: Roles
    is_super_admin: bool = False
    blocked: bool = False
    deleted: bool = False
    primary_character_id: EveId | None = None
    organisation: Organisation | None = None


class AuditAction(StrEnum):
    """The actions that BattleScope records. Readers accept any other one, since later releases add some."""

    ACCOUNT_LOGIN = "account.login"
    ACCOUNT_LOGIN_FAILED = "account.login_failed"
    ACCOUNT_LOGOUT = "account.logout"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_UPDATED = "account.updated"
    ACCOUNT_BLOCKED = "account.blocked"
    ACCOUNT_UNBLOCKED = "account.unblocked"
    ACCOUNT_DELETED = "account.deleted"
    ACCOUNT_EXPORTED = "account.exported"
    ACCOUNT_SUPERADMIN_PROMOTED = "account.superadmin.promoted"
    ACCOUNT_SUPERADMIN_DEMOTED = "account.superadmin.demoted"
    ACCOUNT_PRIMARY_CHARACTER_CHANGED = "account.primary_character_changed"
    ACCOUNT_PRIMARY_CHARACTER_CHANGED_BY_ADMIN = "account.primary_character_changed_by_admin"
    CHARACTER_LINKED = "character.linked"
    CHARACTER_UNLINKED = "character.unlinked"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    ROLE_CHANGED = "role.changed"
    ACCESS_TOKEN_CREATED = "access_token.created"  # noqa: S105  # the name of an action
    ACCESS_TOKEN_REVOKED = "access_token.revoked"  # noqa: S105  # as above
    SETTINGS_UPDATED = "settings.updated"
    AUTH_CONFIG_UPDATED = "auth_config.updated"
    FEATURE_CREATED = "feature.created"
    FEATURE_UPDATED = "feature.updated"
    AUTHORIZATION_DENIED = "authorization.denied"
    SESSION_INVALIDATED = "session.invalidated"
    RULESET_UPDATED = "ruleset.updated"
    BACKFILL_STARTED = "backfill.started"
    BACKFILL_CANCELLED = "backfill.cancelled"
    SHARE_CREATED = "share.created"
    SHARE_REVOKED = "share.revoked"
    RECLUSTER_TRIGGERED = "recluster.triggered"
    DLQ_REPLAYED = "dlq.replayed"


class AuditTarget(Schema):
    """What an action was done to, for example type `account` and the id of the account."""

    type: str
    id: str


class AuditRecord(Schema):
    """An action of a person or of the system. It never contains a token, a cookie or a header with credentials.

    id: derived from the action, so that a repeated publication is the same record.
    action: an `AuditAction`, or one of a later release.
    actor: the account that acted; None for the system and for callers who are not logged in.
    metadata: what else explains the action: reason, values before and after.
    """

    id: UUID
    action: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$")]
    occurred_at: UtcTime
    actor: UUID | None = None
    target: AuditTarget | None = None
    metadata: Annotated[dict[str, Any], Field(default_factory=dict)]
    ip: str | None = None
    user_agent: str | None = None
