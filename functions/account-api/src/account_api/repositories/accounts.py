"""Accounts and their roles."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from account_api.domain.accounts import Account
from battlescope_events.postgres.database import Connection

_COLUMNS: Final[LiteralString] = """
SELECT id, display_name, email, primary_character_id, is_super_admin, is_blocked, deleted_at, terms_accepted_at,
    preferences, version, last_login_at, created_at, denied_rule
FROM accounts
"""
ACCOUNT: Final[LiteralString] = _COLUMNS + "WHERE id = %(id)s::uuid"
# Every change of an account and every write of its session begins with this lock, so that they have one order.
LOCK_ACCOUNT: Final[LiteralString] = ACCOUNT + " FOR UPDATE"
INSERT_ACCOUNT: Final[LiteralString] = """
INSERT INTO accounts (id, display_name, primary_character_id, created_at, updated_at)
VALUES (%(id)s::uuid, %(display_name)s::text, %(primary_character_id)s::uuid, %(now)s::timestamptz,
    %(now)s::timestamptz)
"""
TOUCH_ACCOUNT: Final[LiteralString] = """
UPDATE accounts SET version = version + 1, updated_at = %(now)s::timestamptz WHERE id = %(id)s::uuid
"""
SET_PRIMARY: Final[LiteralString] = """
UPDATE accounts SET primary_character_id = %(character_id)s::uuid WHERE id = %(id)s::uuid
"""
SET_SUPER_ADMIN: Final[LiteralString] = """
UPDATE accounts SET is_super_admin = %(value)s::boolean WHERE id = %(id)s::uuid
"""
SET_LOGIN: Final[LiteralString] = """
UPDATE accounts SET last_login_at = %(now)s::timestamptz WHERE id = %(id)s::uuid
"""
BLOCK: Final[LiteralString] = """
UPDATE accounts SET is_blocked = true, blocked_reason = %(reason)s::text, blocked_by = %(actor)s::uuid,
    blocked_at = %(now)s::timestamptz
WHERE id = %(id)s::uuid
"""
UNBLOCK: Final[LiteralString] = """
UPDATE accounts SET is_blocked = false, blocked_reason = NULL, blocked_by = NULL, blocked_at = NULL
WHERE id = %(id)s::uuid
"""
SET_DENIED_RULE: Final[LiteralString] = """
UPDATE accounts SET denied_rule = %(rule)s::text WHERE id = %(id)s::uuid
"""
SET_NAMES: Final[LiteralString] = """
UPDATE accounts SET display_name = %(display_name)s::text, email = %(email)s::text WHERE id = %(id)s::uuid
"""
# Rules about organisations do not concern SuperAdmins.
ADMITTED: Final[LiteralString] = """
SELECT accounts.id, main.corporation_id, main.alliance_id
FROM accounts JOIN characters AS main ON main.id = accounts.primary_character_id
WHERE accounts.denied_rule IS NULL AND NOT accounts.is_super_admin AND NOT accounts.is_blocked
    AND accounts.deleted_at IS NULL
ORDER BY accounts.id
"""
# Of two accounts that take one address at once, the second one waits and sees it.
LOCK_EMAILS: Final[LiteralString] = "SELECT pg_advisory_xact_lock(0, hashtext('emails'))"
EMAIL_TAKEN: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM accounts WHERE lower(email) = lower(%(email)s::text) AND id <> %(id)s::uuid)
"""
ACCEPT_TERMS: Final[LiteralString] = """
UPDATE accounts SET terms_accepted_at = coalesce(terms_accepted_at, %(now)s::timestamptz) WHERE id = %(id)s::uuid
"""
SET_PREFERENCES: Final[LiteralString] = """
UPDATE accounts SET preferences = %(preferences)s::jsonb WHERE id = %(id)s::uuid
"""
DELETE_ACCOUNT: Final[LiteralString] = """
UPDATE accounts SET deleted_at = %(now)s::timestamptz, email = NULL, is_super_admin = false WHERE id = %(id)s::uuid
"""
# The row stays without anything that names a person, because battles and records refer to its id.
ANONYMISE: Final[LiteralString] = """
UPDATE accounts SET anonymised_at = %(now)s::timestamptz, display_name = 'Deleted account', email = NULL,
    blocked_reason = NULL, preferences = '{}', primary_character_id = NULL
WHERE id = %(id)s::uuid
"""
DUE_FOR_ANONYMISATION: Final[LiteralString] = """
SELECT id FROM accounts WHERE deleted_at <= %(before)s::timestamptz AND anonymised_at IS NULL
ORDER BY deleted_at LIMIT 100
"""
OTHER_SUPER_ADMINS: Final[LiteralString] = """
SELECT count(*) FROM accounts
WHERE is_super_admin AND NOT is_blocked AND deleted_at IS NULL AND id <> %(id)s::uuid
"""
# Serialises removals of a SuperAdmin, so that two of them cannot remove the last two.
LOCK_SUPER_ADMINS: Final[LiteralString] = "SELECT pg_advisory_xact_lock(0, hashtext('super-admins'))"
ROLES: Final[LiteralString] = """
SELECT feature_key, rank FROM account_roles WHERE account_id = %(id)s::uuid ORDER BY feature_key
"""
ROLE_ROWS: Final[LiteralString] = """
SELECT features.key AS feature_key, features.name AS feature_name, features.description, account_roles.rank,
    account_roles.granted_at
FROM account_roles JOIN features ON features.key = account_roles.feature_key
WHERE account_roles.account_id = %(id)s::uuid ORDER BY features.key
"""
FEATURES: Final[LiteralString] = "SELECT key, name, description FROM features ORDER BY key"
SET_ROLE: Final[LiteralString] = """
INSERT INTO account_roles AS existing (account_id, feature_key, rank, granted_by, granted_at)
VALUES (%(id)s::uuid, %(feature)s::text, %(rank)s::integer, %(actor)s::uuid, %(now)s::timestamptz)
ON CONFLICT (account_id, feature_key) DO UPDATE
SET rank = excluded.rank, granted_by = excluded.granted_by, granted_at = excluded.granted_at
"""
REMOVE_ROLE: Final[LiteralString] = """
DELETE FROM account_roles WHERE account_id = %(id)s::uuid AND feature_key = %(feature)s::text
"""
REMOVE_ROLES: Final[LiteralString] = "DELETE FROM account_roles WHERE account_id = %(id)s::uuid"
_MATCHING: Final[LiteralString] = """
FROM accounts LEFT JOIN characters AS main ON main.id = accounts.primary_character_id
WHERE (%(query)s::text IS NULL OR strpos(lower(accounts.display_name), lower(%(query)s::text)) > 0
    OR EXISTS (SELECT FROM characters WHERE characters.account_id = accounts.id
        AND (strpos(lower(characters.name), lower(%(query)s::text)) > 0
            OR characters.eve_character_id::text = %(query)s::text)))
  AND (%(status)s::text IS NULL OR %(status)s::text = CASE WHEN accounts.deleted_at IS NOT NULL THEN 'deleted'
    WHEN accounts.is_blocked THEN 'blocked' ELSE 'active' END)
"""
_LISTED: Final[LiteralString] = """
SELECT accounts.id, accounts.display_name, accounts.is_blocked, accounts.is_super_admin, accounts.deleted_at,
    accounts.blocked_reason, accounts.last_login_at, accounts.created_at, main.eve_character_id,
    main.name AS eve_character_name, main.corporation_name, main.alliance_name,
    (SELECT count(*) FROM characters WHERE characters.account_id = accounts.id) AS character_count,
    coalesce((SELECT jsonb_object_agg(feature_key, rank) FROM account_roles
        WHERE account_roles.account_id = accounts.id), '{}') AS roles
"""
LIST_ACCOUNTS: Final[LiteralString] = (
    _LISTED
    + _MATCHING
    + "ORDER BY accounts.created_at DESC, accounts.id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
)
COUNT_ACCOUNTS: Final[LiteralString] = "SELECT count(*) " + _MATCHING


class Feature(NamedTuple):
    key: str
    name: str
    description: str


class RoleRow(NamedTuple):
    feature_key: str
    feature_name: str
    description: str
    rank: int
    granted_at: datetime


class AdmittedAccount(NamedTuple):
    """An account that may have a session because of the organisation of its primary character."""

    id: UUID
    corporation_id: int
    alliance_id: int | None


class AccountRow(NamedTuple):
    """An account in the list of administrators; `roles` are ranks by feature."""

    id: UUID
    display_name: str
    is_blocked: bool
    is_super_admin: bool
    deleted_at: datetime | None
    blocked_reason: str | None
    last_login_at: datetime | None
    created_at: datetime
    eve_character_id: int | None
    eve_character_name: str | None
    corporation_name: str | None
    alliance_name: str | None
    character_count: int
    roles: Mapping[str, int]


class AccountRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, account_id: UUID) -> Account | None:
        return await self._connection.row(Account, ACCOUNT, {"id": account_id})

    async def lock(self, account_id: UUID) -> Account | None:
        """The account, which nobody else changes until the transaction ends."""
        return await self._connection.row(Account, LOCK_ACCOUNT, {"id": account_id})

    async def insert(self, account_id: UUID, display_name: str, primary_character_id: UUID, now: datetime) -> None:
        params = {"id": account_id, "display_name": display_name, "primary_character_id": primary_character_id}
        await self._connection.execute(INSERT_ACCOUNT, {**params, "now": now})

    async def touch(self, account_id: UUID, now: datetime) -> None:
        """Count a change."""
        await self._connection.execute(TOUCH_ACCOUNT, {"id": account_id, "now": now})

    async def set_primary(self, account_id: UUID, character_id: UUID) -> None:
        await self._connection.execute(SET_PRIMARY, {"id": account_id, "character_id": character_id})

    async def set_super_admin(self, account_id: UUID, *, value: bool) -> None:
        await self._connection.execute(SET_SUPER_ADMIN, {"id": account_id, "value": value})

    async def set_login(self, account_id: UUID, now: datetime) -> None:
        await self._connection.execute(SET_LOGIN, {"id": account_id, "now": now})

    async def block(self, account_id: UUID, reason: str, actor: UUID | None, now: datetime) -> None:
        await self._connection.execute(BLOCK, {"id": account_id, "reason": reason, "actor": actor, "now": now})

    async def unblock(self, account_id: UUID) -> None:
        await self._connection.execute(UNBLOCK, {"id": account_id})

    async def set_denied_rule(self, account_id: UUID, rule: str | None) -> None:
        await self._connection.execute(SET_DENIED_RULE, {"id": account_id, "rule": rule})

    async def admitted(self) -> list[AdmittedAccount]:
        """The accounts that no rule has denied, without SuperAdmins."""
        return await self._connection.rows(AdmittedAccount, ADMITTED)

    async def set_names(self, account_id: UUID, display_name: str, email: str | None) -> None:
        params = {"id": account_id, "display_name": display_name, "email": email}
        await self._connection.execute(SET_NAMES, params)

    async def is_email_taken(self, account_id: UUID, email: str) -> bool:
        """Whether another account has the address, in capital or small letters; no other takes it meanwhile."""
        await self._connection.execute(LOCK_EMAILS)
        return await self._connection.scalar(EMAIL_TAKEN, {"id": account_id, "email": email})

    async def accept_terms(self, account_id: UUID, now: datetime) -> None:
        await self._connection.execute(ACCEPT_TERMS, {"id": account_id, "now": now})

    async def set_preferences(self, account_id: UUID, preferences: Mapping[str, Any]) -> None:
        params = {"id": account_id, "preferences": json.dumps(dict(preferences))}
        await self._connection.execute(SET_PREFERENCES, params)

    async def delete(self, account_id: UUID, now: datetime) -> None:
        await self._connection.execute(DELETE_ACCOUNT, {"id": account_id, "now": now})
        await self._connection.execute(REMOVE_ROLES, {"id": account_id})

    async def anonymise(self, account_id: UUID, now: datetime) -> None:
        await self._connection.execute(ANONYMISE, {"id": account_id, "now": now})

    async def due_for_anonymisation(self, before: datetime) -> list[UUID]:
        return await self._connection.column(DUE_FOR_ANONYMISATION, {"before": before})

    async def lock_super_admins(self) -> None:
        """Let nobody else take away a SuperAdmin until the transaction ends."""
        await self._connection.execute(LOCK_SUPER_ADMINS)

    async def count_other_super_admins(self, account_id: UUID) -> int:
        """The SuperAdmins who can log in, besides this account."""
        return await self._connection.scalar(OTHER_SUPER_ADMINS, {"id": account_id})

    async def roles(self, account_id: UUID) -> dict[str, int]:
        """The rank by feature."""
        cursor = await self._connection.execute(ROLES, {"id": account_id})
        return dict(await cursor.fetchall())

    async def role_rows(self, account_id: UUID) -> list[RoleRow]:
        return await self._connection.rows(RoleRow, ROLE_ROWS, {"id": account_id})

    async def features(self) -> list[Feature]:
        return await self._connection.rows(Feature, FEATURES)

    async def set_role(self, account_id: UUID, feature: str, rank: int, actor: UUID | None, now: datetime) -> None:
        params = {"id": account_id, "feature": feature, "rank": rank, "actor": actor, "now": now}
        await self._connection.execute(SET_ROLE, params)

    async def remove_role(self, account_id: UUID, feature: str) -> None:
        await self._connection.execute(REMOVE_ROLE, {"id": account_id, "feature": feature})

    async def page(self, query: str | None, status: str | None, limit: int, offset: int) -> Sequence[AccountRow]:
        """Accounts whose name or a character matches, newest first."""
        params = {"query": query, "status": status, "limit": limit, "offset": offset}
        return await self._connection.rows(AccountRow, LIST_ACCOUNTS, params)

    async def count(self, query: str | None, status: str | None) -> int:
        return await self._connection.scalar(COUNT_ACCOUNTS, {"query": query, "status": status})
