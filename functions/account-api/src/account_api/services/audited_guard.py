"""The guard of account-api: it records every denial."""

from contextlib import AbstractAsyncContextManager
from http import HTTPStatus

from fastapi.requests import HTTPConnection

from account_api.events import Origin
from account_api.services.account_changes import AccountChanges
from battlescope_events.access.credentials import client_address
from battlescope_events.edge.limits import Limit
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import OWN_ACCOUNT, Caller, Guard, Right, Role
from battlescope_schemas.accounts.account import AuditAction


class AuditedGuard:
    """Decides as another guard does."""

    def __init__(self, guard: Guard, changes: AccountChanges, trusted_hops: int) -> None:
        self._guard, self._changes, self._trusted_hops = guard, changes, trusted_hops

    @property
    def origins(self) -> OriginPolicy:
        return self._guard.origins

    async def check(self, right: Right, connection: HTTPConnection) -> Caller:
        """As `Guard.check`."""
        try:
            return await self._guard.check(right, connection)
        except ApiError as error:
            if error.status_code == HTTPStatus.FORBIDDEN:
                await self._record(right, connection)
            raise

    async def admit(self, limit: Limit, connection: HTTPConnection) -> None:
        """As `Guard.admit`."""
        await self._guard.admit(limit, connection)

    def watch(self, right: Right, connection: HTTPConnection) -> AbstractAsyncContextManager[None]:
        """As `Guard.watch`."""
        return self._guard.watch(right, connection)

    async def _record(self, right: Right, connection: HTTPConnection) -> None:
        try:
            caller = await self._guard.check(Right(OWN_ACCOUNT, Role.USER), connection)
            actor = caller.account_id
        except ApiError:
            actor = None  # a blocked account: its session names it no more
        address = client_address(connection, self._trusted_hops)
        origin = Origin(actor, address, connection.headers.get("user-agent", "")[:256] or None)
        metadata: dict[str, object] = {
            "path": connection.url.path,
            "feature": right.feature,
            "role": right.role.name.lower(),
        }
        await self._changes.record(AuditAction.AUTHORIZATION_DENIED, origin, None, metadata)
