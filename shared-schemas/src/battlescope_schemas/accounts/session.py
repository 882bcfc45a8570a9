"""Who a request comes from: login sessions and personal access tokens in Valkey. account-api writes them, guards read.

| Key or channel | Value | Expires |
|---|---|---|
| `session:{digest}` | `Session` of the cookie with this digest | at `expiresAt` |
| `account-session:{accountId}` | the digest of the one session of the account | with it |
| `access-token:{digest}` | `AccessToken` of the personal access token with this digest | at `expiresAt` |
| `access-tokens-loaded` | any text, while every personal access token of the database is in Valkey | never |
| channel `account-changes` | `AccountChange` | |

The digest is the SHA-256 of the token in hex; a token itself is stored nowhere. The writer changes the keys of an
account and publishes the change in one transaction of Valkey (MULTI), keys first: a reader that receives the change
reads new values. A guard updates `lastAccessedAt` by a script that keeps every other field and the expiry. An unknown
personal access token is wrong (401) only while `access-tokens-loaded` exists; without it, Valkey may have lost the
token, and the guard answers 503.
"""

from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from battlescope_schemas.base import EveId, Schema, UtcTime

SESSION_COOKIE: Final = "battlescope_session"
ACCESS_TOKEN_PREFIX: Final = "bsp_"  # noqa: S105  # it marks tokens, it is none
ACCESS_TOKENS_LOADED_KEY: Final = "access-tokens-loaded"
ACCOUNT_CHANGES_CHANNEL: Final = "account-changes"

Roles = dict[str, Annotated[int, Field(ge=0, le=1000)]]  # the rank of the account, by feature


class Session(Schema):
    """A login of an account in a browser.

    primary_character_id, primary_character_name: of the character that the account acts as; sessions of older releases
    have no name.
    roles: the rank by feature: 10 user, 20 fc, 30 director, 40 admin.
    account_version: counts the changes of the account, so that a reader can tell older values from newer ones.
    """

    account_id: UUID
    primary_character_id: EveId
    primary_character_name: str | None = None
    is_super_admin: bool = False
    is_blocked: bool = False
    roles: Roles
    account_version: Annotated[int, Field(ge=0)]
    created_at: UtcTime
    last_accessed_at: UtcTime
    expires_at: UtcTime
    ip: str
    user_agent: str


class AccessToken(Schema):
    """A personal access token of an account. It reads what its account may read; it writes only with `can_write`."""

    account_id: UUID
    token_id: UUID
    primary_character_id: EveId
    primary_character_name: str | None = None
    roles: Roles
    can_write: bool = False
    is_super_admin: bool = False
    is_blocked: bool = False
    account_version: Annotated[int, Field(ge=0)]
    expires_at: UtcTime


class AccountChange(Schema):
    """The sessions and tokens of this account changed or ended: role, block, logout, revoked token, deletion."""

    account_id: UUID


def token_digest(token: str) -> str:
    """The SHA-256 of a session token or personal access token, in hex."""
    return sha256(token.encode(errors="surrogateescape")).hexdigest()


def session_key(digest: str) -> str:
    """The key of the `Session` whose token has this digest."""
    return f"session:{digest}"


def account_session_key(account_id: UUID) -> str:
    """The key of the digest of the one session of an account."""
    return f"account-session:{account_id}"


def access_token_key(digest: str) -> str:
    """The key of the `AccessToken` whose token has this digest."""
    return f"access-token:{digest}"
