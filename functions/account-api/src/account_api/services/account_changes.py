"""A change of an account: one transaction in the database, and its sessions and tokens in Valkey.

Valkey takes no part in the transaction. Before the commit, sessions and tokens get only what the account may do both
before and after the change, so that nobody has more than the database says, whatever fails; after it, all of it.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from account_api.credentials.sessions import Rights, SessionStore
from account_api.domain.accounts import AccountState
from account_api.domain.features import lower_of_both
from account_api.events import Origin
from account_api.services.unit import AccountUnit
from battlescope_events.errors import TransientError
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.saved_requests import publish_saved
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_schemas.accounts.account import AuditAction

T = TypeVar("T")
_log = logging.getLogger(__name__)


class AccountChanges:
    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        publish: Publish,
        sessions: SessionStore,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self.database, self.sessions, self.clock, self.new_id = database, sessions, clock, new_id
        self._outbox, self._publish = outbox, publish

    @asynccontextmanager
    async def unit(self) -> AsyncGenerator[AccountUnit]:
        """A transaction without a change of rights."""
        async with self.database.transaction() as connection:
            yield AccountUnit(connection, self._outbox, self.clock(), self.new_id())

    async def change(
        self,
        account_id: UUID,
        apply: Callable[[AccountUnit, AccountState], Awaitable[T]],
        *,
        locked_character: int | None = None,
    ) -> T:
        """Apply a change to the locked account, announce it, and bring sessions and tokens in line with it.

        `locked_character` is locked before the account, which is the order of logins.

        Raises:
            ApiError: there is no such account (404), or what `apply` raises.
            TransientError: the database or Valkey does not answer; nothing is changed.
        """
        async with self.unit() as unit:
            if locked_character is not None:
                await unit.characters.lock(locked_character)
            before = await unit.lock(account_id)
            if before is None:
                raise ApiError(404, f"There is no account {account_id}.")
            tokens_before = await unit.tokens.valid(account_id, unit.now)
            result = await apply(unit, before)
            after = await self.finish(unit, account_id)
            tokens = await unit.tokens.valid(account_id, unit.now)
            ended = {token.digest for token in tokens_before} - {token.digest for token in tokens}
            rights = Rights(
                lower_of_both(before.roles, after.roles),
                is_super_admin=before.account.is_super_admin and after.account.is_super_admin,
            )
            await self.sessions.apply(after, rights, tokens, ended)
        try:
            await self.synchronise(account_id)
        except TransientError as error:
            _log.warning(
                "The session of account %s lacks its newest rights until the next login: %s", account_id, error
            )
        await self.flush()
        return result

    async def finish(self, unit: AccountUnit, account_id: UUID) -> AccountState:
        """Count the change of a locked account and announce its state."""
        await unit.accounts.touch(account_id, unit.now)
        state = await unit.state(account_id)
        assert state is not None  # noqa: S101  # rows of accounts are never deleted
        await unit.announce(state)
        return state

    async def end_access(self, unit: AccountUnit, state: AccountState) -> None:
        """End the session and all access tokens of an account that is no longer active, before that is committed.

        Raises:
            TransientError: Valkey does not answer; nothing may be committed then.
        """
        tokens = await unit.tokens.valid(state.account.id, unit.now)
        await self.sessions.apply(state, Rights({}, is_super_admin=False), tokens)

    async def synchronise(self, account_id: UUID) -> None:
        """Give sessions and tokens exactly the rights of the account, in the order of its changes.

        Raises:
            TransientError: the database or Valkey does not answer.
        """
        async with self.unit() as unit:
            state = await unit.lock(account_id)
            if state is not None:
                tokens = await unit.tokens.valid(account_id, unit.now)
                rights = Rights(state.roles, is_super_admin=state.account.is_super_admin)
                await self.sessions.apply(state, rights, tokens)

    async def record(
        self, action: AuditAction, origin: Origin, target: tuple[str, object] | None, metadata: dict[str, object]
    ) -> None:
        """Record an action that changes nothing, such as a denial."""
        async with self.unit() as unit:
            await unit.record(action, origin, target, metadata)
        await self.flush()

    async def ready(self) -> dict[str, int]:
        """What the readiness answer shows. Raises `TransientError`: the database does not answer."""
        return await self._outbox.ready()

    async def flush(self) -> None:
        """Publish what the outbox holds, if the Broker answers in time."""
        await publish_saved(lambda: self._outbox.flush(self._publish))
