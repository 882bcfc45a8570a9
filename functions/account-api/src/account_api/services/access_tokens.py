"""Personal access tokens: created, revoked, and brought back into a Valkey that has lost them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from account_api.credentials.sessions import StoredToken
from account_api.domain.accounts import AccountState
from account_api.events import Origin
from account_api.services.account_changes import AccountChanges
from account_api.services.unit import AccountUnit
from battlescope_events.http_api.errors import ApiError
from battlescope_schemas.accounts.account import AuditAction
from battlescope_schemas.accounts.session import ACCESS_TOKEN_PREFIX, token_digest

MAX_TOKENS: Final = 20  # an account
TOKEN_BYTES: Final = 32
_KEEP_EXPIRED: Final = timedelta(days=30)  # so that their owner sees in the list why a program stopped working
_log = logging.getLogger(__name__)


class NewToken(NamedTuple):
    """A token, which is shown once and stored nowhere."""

    id: UUID
    token: str
    created_at: datetime
    expires_at: datetime


class AccessTokens:
    def __init__(self, changes: AccountChanges, random_bytes: Callable[[int], bytes]) -> None:
        self._changes, self._random_bytes = changes, random_bytes

    async def create(
        self, account_id: UUID, name: str, lifetime: timedelta, origin: Origin, *, can_write: bool
    ) -> NewToken:
        """Raises `ApiError`: the account has `MAX_TOKENS` tokens already (409)."""
        token = f"{ACCESS_TOKEN_PREFIX}{self._random_bytes(TOKEN_BYTES).hex()}"
        token_id = self._changes.new_id()

        async def apply(unit: AccountUnit, before: AccountState) -> NewToken:
            if await unit.tokens.count_valid(before.account.id, unit.now) >= MAX_TOKENS:
                raise ApiError(409, f"An account has at most {MAX_TOKENS} access tokens; revoke one first.")
            stored = StoredToken(token_id, account_id, token_digest(token), can_write, unit.now + lifetime)
            await unit.tokens.insert(stored, name, unit.now)
            metadata = {"name": name, "canWrite": can_write, "expiresAt": stored.expires_at.isoformat()}
            await unit.record(AuditAction.ACCESS_TOKEN_CREATED, origin, ("access_token", token_id), metadata)
            return NewToken(token_id, token, unit.now, stored.expires_at)

        return await self._changes.change(account_id, apply)

    async def revoke(self, account_id: UUID, token_id: UUID, origin: Origin) -> None:
        """Raises `ApiError`: the account has no such token (404)."""

        async def apply(unit: AccountUnit, before: AccountState) -> None:
            token = await unit.tokens.delete(before.account.id, token_id)
            if token is None:
                raise ApiError(404, f"There is no access token {token_id}.")
            await unit.record(AuditAction.ACCESS_TOKEN_REVOKED, origin, ("access_token", token_id))

        await self._changes.change(account_id, apply)

    async def restore(self) -> None:
        """Write every valid token into Valkey if it has lost them, and delete old ones from the database."""
        if await self._changes.sessions.are_tokens_loaded():
            return
        async with self._changes.unit() as unit:
            await unit.tokens.delete_expired(unit.now - _KEEP_EXPIRED)
            account_ids = await unit.tokens.accounts(unit.now)
        for account_id in account_ids:
            await self._changes.synchronise(account_id)  # a failure leaves the mark unset
        await self._changes.sessions.mark_tokens_loaded()
        _log.info("Access tokens of %d accounts are in Valkey again.", len(account_ids))
