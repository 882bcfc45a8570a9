"""The guard of the access mode `sso`: sessions and access tokens decide, and it fails closed."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final

from fastapi.requests import HTTPConnection

from battlescope_events.access.credentials import Credential, client_address, credential_of
from battlescope_events.access.rate_limits import RateLimiter
from battlescope_events.access.session_cache import Identity, Known
from battlescope_events.access.sessions import Sessions, SessionsUnavailableError
from battlescope_events.background import start_in_background
from battlescope_events.edge.limits import ADMIN, ANONYMOUS, USER, Limit
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import OWN_ACCOUNT, AccessEndedError, Caller, CallerKind, Right, Role
from battlescope_schemas.accounts.session import AccessToken

WRITABLE_BY_TOKENS: Final = frozenset({"battle-reports"})
_UNKNOWN: Final = "This needs a login, or a valid access token in the header `Authorization: Bearer <token>`."
_UNAVAILABLE: Final = "Sessions cannot be checked now; try again shortly."
_ENDED: Final = "The session has ended."
_RETRY_SECONDS: Final = 0.2
_BLOCKED: Final = "This account is blocked."
_READ_ONLY: Final = "This access token may only read; a change needs one with the right to write battle reports."


class SessionGuard:
    """Knows callers by `sessions` and limits their requests by `limits`.

    `trusted_hops` proxies of ours stand before the function and state the address of the client.
    """

    def __init__(
        self,
        sessions: Sessions,
        limits: RateLimiter,
        origins: OriginPolicy,
        *,
        now: Callable[[], datetime],
        trusted_hops: int,
    ) -> None:
        self._sessions, self._limits, self.origins = sessions, limits, origins
        self._now, self._trusted_hops = now, trusted_hops

    async def check(self, right: Right, connection: HTTPConnection) -> Caller:
        """The caller, if he has the right.

        Raises:
            ApiError: see `Guard.check`.
        """
        credential = credential_of(connection)
        identity = await self._identity(credential)
        if credential is None or identity is None:
            await self._count(ANONYMOUS, client_address(connection, self._trusted_hops), connection)
            raise ApiError(401, _UNKNOWN, headers={"www-authenticate": "Bearer"})
        await self._count(right.limit or _usual_limit(right), str(identity.account_id), connection)
        refusal = refusal_of(identity, right)
        if refusal is not None:
            raise ApiError(403, refusal)
        connection.state.credential = credential
        return caller_of(identity)

    async def admit(self, limit: Limit, connection: HTTPConnection) -> None:
        """Count a request of a public route by its address.

        Raises:
            ApiError: there were too many (429).
        """
        await self._count(limit, client_address(connection, self._trusted_hops), connection)

    @asynccontextmanager
    async def watch(self, right: Right, connection: HTTPConnection) -> AsyncGenerator[None]:
        """Cancel the block as soon as the checked caller no longer has the right.

        Raises:
            AccessEndedError: the right ended inside the block.
        """
        credential: Credential = connection.state.credential
        caller: Caller = connection.state.caller
        reasons: list[str] = []
        deadline = asyncio.timeout(None)

        async def store_reason() -> None:
            reasons.append(await self._reason_of_end(credential, caller, right))

        try:
            async with deadline:
                watcher = start_in_background(store_reason(), "access of a stream")
                watcher.add_done_callback(lambda ended: _expire_now(deadline, ended))
                try:
                    yield
                finally:
                    watcher.cancel()
        except TimeoutError:
            if not deadline.expired():
                raise
            raise AccessEndedError(reasons[0] if reasons else _UNAVAILABLE) from None

    async def _identity(self, credential: Credential | None) -> Identity | None:
        if credential is None:
            return None
        try:
            known = await self._sessions.find(credential)
        except SessionsUnavailableError:
            raise ApiError(503, _UNAVAILABLE, error="sessions-unavailable") from None
        return known.identity if known else None

    async def _count(self, limit: Limit, who: str, connection: HTTPConnection) -> None:
        usage = await self._limits.count(limit, who)
        connection.state.response_headers = usage.headers
        if not usage.allowed:
            message = f"More than {limit.requests} requests in {limit.seconds} seconds."
            raise ApiError(429, message, retry_after=max(1, usage.reset))

    async def _reason_of_end(self, credential: Credential, caller: Caller, right: Right) -> str:
        """Wait until the caller no longer has the right, and return why.

        While Valkey does not answer, a stream goes on as long as what is known is fresh, except if a change of its
        account is known.
        """
        assert caller.account_id is not None  # noqa: S101  # `check` stores callers with an account
        fresh_until = self._sessions.monotonic()
        with self._sessions.changes_of(caller.account_id) as changes:
            while True:
                changes.signal.clear()
                try:
                    known = await self._sessions.find(credential)
                except SessionsUnavailableError:
                    if changes.is_account_changed or self._sessions.monotonic() >= fresh_until:
                        return _UNAVAILABLE
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                if known is None:
                    return _ENDED
                refusal = refusal_of(known.identity, right)
                if refusal is not None:
                    return refusal
                changes.is_account_changed, fresh_until = False, known.fresh_until
                await changes.wait(self._seconds_of_validity(known))

    def _seconds_of_validity(self, known: Known) -> float:
        until_expiry = (known.identity.expires_at - self._now()).total_seconds()
        return min(until_expiry, known.fresh_until - self._sessions.monotonic())


def refusal_of(identity: Identity, right: Right) -> str | None:
    """Why this session or token does not have the right; None if it has it."""
    if identity.is_blocked:
        return _BLOCKED
    caller = caller_of(identity)
    if right.writes and caller.token_id is not None and not _may_write(identity, right):
        return _READ_ONLY
    if caller.rank(right.feature) < right.role:
        return f"This needs the role {right.role.name.lower()} in {right.feature}."
    return None


def _may_write(identity: Identity, right: Right) -> bool:
    return isinstance(identity, AccessToken) and identity.can_write and right.feature in WRITABLE_BY_TOKENS


def caller_of(identity: Identity) -> Caller:
    """The caller whose session or token this is."""
    token_id = identity.token_id if isinstance(identity, AccessToken) else None
    return Caller(
        CallerKind.SESSION if token_id is None else CallerKind.ACCESS_TOKEN,
        identity.account_id,
        identity.primary_character_id,
        identity.roles,
        identity.is_super_admin,
        token_id,
    )


def _usual_limit(right: Right) -> Limit:
    return ADMIN if right.role >= Role.ADMIN and right.feature != OWN_ACCOUNT else USER


def _expire_now(deadline: asyncio.Timeout, ended: asyncio.Task[None]) -> None:
    """End the block of a deadline because its watcher ended; a watcher that was cancelled has no block any more."""
    if not ended.cancelled():
        with suppress(RuntimeError):  # the block ended at the same moment
            deadline.reschedule(asyncio.get_running_loop().time())
