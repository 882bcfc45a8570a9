"""Personal access tokens; only their digests are stored."""

from datetime import datetime
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

from account_api.credentials.sessions import StoredToken
from battlescope_events.postgres.database import Connection

TOKENS_OF_ACCOUNT: Final[LiteralString] = """
SELECT id, name, can_write, created_at, expires_at FROM access_tokens
WHERE account_id = %(account_id)s::uuid ORDER BY created_at DESC, id
"""
_STORED: Final[LiteralString] = "SELECT id, account_id, digest, can_write, expires_at FROM access_tokens "
VALID_OF_ACCOUNT: Final[LiteralString] = (
    _STORED + "WHERE account_id = %(account_id)s::uuid AND expires_at > %(now)s::timestamptz"
)
ACCOUNTS_WITH_TOKENS: Final[LiteralString] = """
SELECT DISTINCT account_id FROM access_tokens WHERE expires_at > %(now)s::timestamptz
"""
COUNT_VALID: Final[LiteralString] = """
SELECT count(*) FROM access_tokens WHERE account_id = %(account_id)s::uuid AND expires_at > %(now)s::timestamptz
"""
INSERT_ROW: Final[LiteralString] = """
INSERT INTO access_tokens (id, account_id, name, digest, can_write, created_at, expires_at)
VALUES (%(id)s::uuid, %(account_id)s::uuid, %(name)s::text, %(digest)s::text, %(can_write)s::boolean,
    %(now)s::timestamptz, %(expires_at)s::timestamptz)
"""
DELETE_ROW: Final[LiteralString] = """
DELETE FROM access_tokens WHERE id = %(id)s::uuid AND account_id = %(account_id)s::uuid
RETURNING id, account_id, digest, can_write, expires_at
"""
DELETE_ROWS: Final[LiteralString] = """
DELETE FROM access_tokens WHERE account_id = %(account_id)s::uuid
RETURNING id, account_id, digest, can_write, expires_at
"""
DELETE_EXPIRED: Final[LiteralString] = "DELETE FROM access_tokens WHERE expires_at <= %(before)s::timestamptz"


class TokenRow(NamedTuple):
    """A token in the list of its owner."""

    id: UUID
    name: str
    can_write: bool
    created_at: datetime
    expires_at: datetime


class AccessTokenRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_account(self, account_id: UUID) -> list[TokenRow]:
        """Tokens, newest first; expired ones are among them until they are deleted."""
        return await self._connection.rows(TokenRow, TOKENS_OF_ACCOUNT, {"account_id": account_id})

    async def valid(self, account_id: UUID, now: datetime) -> list[StoredToken]:
        return await self._connection.rows(StoredToken, VALID_OF_ACCOUNT, {"account_id": account_id, "now": now})

    async def accounts(self, now: datetime) -> list[UUID]:
        """The accounts with valid tokens."""
        return await self._connection.column(ACCOUNTS_WITH_TOKENS, {"now": now})

    async def count_valid(self, account_id: UUID, now: datetime) -> int:
        return await self._connection.scalar(COUNT_VALID, {"account_id": account_id, "now": now})

    async def insert(self, token: StoredToken, name: str, now: datetime) -> None:
        await self._connection.execute(INSERT_ROW, {**token._asdict(), "name": name, "now": now})

    async def delete(self, account_id: UUID, token_id: UUID) -> StoredToken | None:
        params = {"id": token_id, "account_id": account_id}
        return await self._connection.row(StoredToken, DELETE_ROW, params)

    async def delete_all(self, account_id: UUID) -> list[StoredToken]:
        return await self._connection.rows(StoredToken, DELETE_ROWS, {"account_id": account_id})

    async def delete_expired(self, before: datetime) -> None:
        await self._connection.execute(DELETE_EXPIRED, {"before": before})
