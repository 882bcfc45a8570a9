"""The guard of the access mode `sso`: sessions and access tokens decide, and it fails closed."""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from fastapi.requests import HTTPConnection

from battlescope_events.access.credentials import (
    Credential,
    client_address,
    counted_network,
    credential_of,
    user_agent_of,
)
from battlescope_events.access.denials import Denial, DenialRecorder
from battlescope_events.access.rate_limits import RateLimiter
from battlescope_events.access.session_cache import Identity, Known
from battlescope_events.access.sessions import Sessions, SessionsUnavailableError
from battlescope_events.access.stream_slots import EXPIRES_SECONDS, StreamSlot, StreamSlots, TooManyStreamsError
from battlescope_events.background import end_tasks, start_in_background
from battlescope_events.edge.limits import ADMIN, ANONYMOUS, MAX_STREAMS, USER, Limit
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import OWN_ACCOUNT, AccessEndedError, Caller, CallerKind, Right, Role
from battlescope_schemas.accounts.session import AccessToken

WRITABLE_BY_TOKENS: Final = frozenset({"battle-reports"})
MAX_PATH: Final = 256  # characters of a path in a record
_UNKNOWN: Final = "This needs a login, or a valid access token in the header `Authorization: Bearer <token>`."
_UNAVAILABLE: Final = "Sessions cannot be checked now; try again shortly."
_ENDED: Final = "The session has ended."
_RETRY_SECONDS: Final = 0.2
_BLOCKED: Final = "This account is blocked."
_TOO_MANY_STREAMS: Final = f"An account has at most {MAX_STREAMS} streams open at once; close another one first."
_READ_ONLY: Final = "This access token may only read; a change needs one with the right to write battle reports."


class SessionGuard:
    """Knows callers by `sessions`, limits their requests by `limits` and their streams by `streams`.

    Refusals are recorded by `denials`. `trusted_hops` proxies of ours stand before the function and state the address
    of the client.
    """

    def __init__(
        self,
        sessions: Sessions,
        limits: RateLimiter,
        streams: StreamSlots,
        origins: OriginPolicy,
        denials: DenialRecorder,
        *,
        now: Callable[[], datetime],
        trusted_hops: int,
    ) -> None:
        self._sessions, self._limits, self._streams, self.origins = sessions, limits, streams, origins
        self._denials, self._now, self._trusted_hops = denials, now, trusted_hops

    async def check(self, right: Right, connection: HTTPConnection) -> Caller:
        """The caller, if he has the right.

        Raises:
            ApiError: see `Guard.check`.
        """
        credential = credential_of(connection)
        identity = await self._identity(credential)
        if credential is None or identity is None:
            await self.admit(ANONYMOUS, connection)
            raise ApiError(401, _UNKNOWN, headers={"www-authenticate": "Bearer"})
        await self._count(right.limit or _usual_limit(right), str(identity.account_id), connection)
        refusal = refusal_of(identity, right)
        if refusal is not None:
            metadata = (("feature", right.feature), ("role", right.role.name.lower()), ("reason", refusal))
            self._record(connection, identity.account_id, metadata)
            raise ApiError(403, refusal)
        connection.state.credential = credential
        return caller_of(identity)

    def record_denial(self, connection: HTTPConnection, reason: str) -> None:
        """Record a request that was refused before anybody asked who the caller is."""
        self._record(connection, None, (("reason", reason),))

    def _record(self, connection: HTTPConnection, actor: UUID | None, metadata: tuple[tuple[str, str], ...]) -> None:
        address = client_address(connection, self._trusted_hops)
        path = connection.url.path[:MAX_PATH]
        self._denials.record(Denial(actor, address, user_agent_of(connection), path, metadata))

    async def admit(self, limit: Limit, connection: HTTPConnection) -> None:
        """Count a request without a known caller by the network that it comes from.

        Raises:
            ApiError: there were too many (429).
        """
        address = client_address(connection, self._trusted_hops)
        await self._count(limit, counted_network(address), connection)

    @asynccontextmanager
    async def watch(self, right: Right, connection: HTTPConnection) -> AsyncGenerator[None]:
        """Count the block as a stream, and cancel it as soon as the checked caller no longer has the right.

        Raises:
            ApiError: the account has too many streams (429).
            AccessEndedError: the right ended inside the block.
        """
        credential: Credential = connection.state.credential
        caller: Caller = connection.state.caller
        async with (
            self._stream_slot(caller) as slot,
            _cancelled_by(partial(self._reason_of_end, credential, caller, right), partial(self._reason_of_loss, slot)),
        ):
            yield

    @asynccontextmanager
    async def _stream_slot(self, caller: Caller) -> AsyncGenerator[StreamSlot]:
        assert caller.account_id is not None  # noqa: S101  # `check` stores callers with an account
        async with AsyncExitStack() as stack:
            try:
                slot = await stack.enter_async_context(self._streams.slot(caller.account_id))
            except TooManyStreamsError:
                wait = math.ceil(EXPIRES_SECONDS)
                raise ApiError(429, _TOO_MANY_STREAMS, error="too-many-streams", retry_after=wait) from None
            yield slot

    async def _reason_of_loss(self, slot: StreamSlot) -> str:
        await self._streams.wait_until_lost(slot)
        return _TOO_MANY_STREAMS

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
        identity.primary_character_name,
        identity.roles,
        identity.is_super_admin,
        token_id,
    )


def _usual_limit(right: Right) -> Limit:
    return ADMIN if right.role >= Role.ADMIN and right.feature != OWN_ACCOUNT else USER


@asynccontextmanager
async def _cancelled_by(*ends: Callable[[], Awaitable[str]]) -> AsyncGenerator[None]:
    """Cancel the block as soon as one of `ends` returns its reason.

    Raises:
        AccessEndedError: one did.
    """
    reasons: list[str] = []
    deadline = asyncio.timeout(None)

    async def store_reason(end: Callable[[], Awaitable[str]]) -> None:
        reasons.append(await end())

    try:
        async with deadline:
            watchers = [start_in_background(store_reason(end), "access of a stream") for end in ends]
            for watcher in watchers:
                watcher.add_done_callback(lambda ended: _expire_now(deadline, ended))
            try:
                yield
            finally:
                await end_tasks(*watchers)
    except TimeoutError:
        if not deadline.expired():
            raise
        raise AccessEndedError(reasons[0] if reasons else _UNAVAILABLE) from None


def _expire_now(deadline: asyncio.Timeout, ended: asyncio.Task[None]) -> None:
    """End the block of a deadline because its watcher ended; a watcher that was cancelled has no block any more."""
    if not ended.cancelled():
        with suppress(RuntimeError):  # the block ended at the same moment
            deadline.reschedule(asyncio.get_running_loop().time())
