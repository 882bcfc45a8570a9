"""The repositories of one transaction, and the outbox that is written with them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from account_api.domain.accounts import Account, AccountState
from account_api.events import Origin, account_changed, audit_recorded
from account_api.repositories.access_tokens import AccessTokenRepository
from account_api.repositories.accounts import AccountRepository
from account_api.repositories.auth_config import AuthConfigRepository
from account_api.repositories.characters import CharacterRepository
from battlescope_events.http_api.errors import ApiError
from battlescope_events.messages import NAMESPACE
from battlescope_events.postgres.database import Connection
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.postgres.unit_of_work import UnitOfWork
from battlescope_schemas.accounts.account import AuditAction


class AccountUnit(UnitOfWork):
    """`request_id` names the request; records get ids that are derived from it."""

    def __init__(self, connection: Connection, outbox: Outbox, now: datetime, request_id: UUID) -> None:
        super().__init__(connection, outbox)
        self.now = now
        self.accounts = AccountRepository(connection)
        self.characters = CharacterRepository(connection)
        self.tokens = AccessTokenRepository(connection)
        self.auth_config = AuthConfigRepository(connection)
        self._request_id = request_id
        self._records = 0

    async def lock(self, account_id: UUID) -> AccountState | None:
        """The account, which nobody else changes until the transaction ends."""
        account = await self.accounts.lock(account_id)
        return None if account is None else await self._state(account)

    async def state(self, account_id: UUID) -> AccountState | None:
        account = await self.accounts.find(account_id)
        return None if account is None else await self._state(account)

    async def require_another_super_admin(self, state: AccountState) -> None:
        """Refuse to take away the last SuperAdmin who can log in, also if two requests take away one each.

        Raises:
            ApiError: the account is a SuperAdmin's, and nobody else is one (409).
        """
        if not state.account.is_super_admin or state.account.is_blocked:
            return
        await self.accounts.lock_super_admins()
        if not await self.accounts.count_other_super_admins(state.account.id):
            raise ApiError(409, "The last SuperAdmin can be neither demoted, blocked nor deleted.")

    async def record(
        self,
        action: AuditAction,
        origin: Origin,
        target: tuple[str, object] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Enqueue the record of an action of this transaction."""
        self._records += 1
        record_id = uuid5(NAMESPACE, f"{self._request_id}/{self._records}")
        await self.enqueue([audit_recorded(record_id, action, origin, target, metadata or {}, self.now)])

    async def announce(self, state: AccountState) -> None:
        """Enqueue the state of an account after a change."""
        await self.enqueue([account_changed(state, self.now)])

    async def _state(self, account: Account) -> AccountState:
        characters = await self.characters.of_account(account.id)
        return AccountState(account, characters, await self.accounts.roles(account.id))
