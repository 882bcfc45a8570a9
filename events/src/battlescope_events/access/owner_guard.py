"""The guard of the access mode `off`: one person on one machine. Reads are open, writes need the owner's token."""

from contextlib import AbstractAsyncContextManager, nullcontext
from secrets import compare_digest
from typing import Final

from fastapi.requests import HTTPConnection
from pydantic import SecretStr

from battlescope_events.access.credentials import bearer_token
from battlescope_events.edge.hosts import FOREIGN_HOST, is_own_host
from battlescope_events.edge.limits import Limit
from battlescope_events.edge.modes import OWNER_COOKIE
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import NOBODY, OWNER, Caller, Right

_NEEDS_PROOF: Final = (
    "Changes need the header `Authorization: Bearer <token>` with the token of `battlescope token`, "
    "or the link of `battlescope login` opened in this browser."
)


class OwnerGuard:
    """The token is the one that only the owner of the data folder can read; a browser gets it as a cookie by a link."""

    def __init__(self, token: SecretStr | None, origins: OriginPolicy) -> None:
        """Take the token; without one all writes are refused."""
        self._token = token.get_secret_value().encode() if token else b""
        self.origins = origins
        self._hosts = origins.own_hosts

    async def check(self, right: Right, connection: HTTPConnection) -> Caller:
        """The owner if the request proves it, anybody for reads.

        Raises:
            ApiError: writes are disabled (403), the token is missing or wrong (401), or the request is for a foreign
                host (421).
        """
        self._check_host(connection)
        token = bearer_token(connection) or connection.cookies.get(OWNER_COOKIE, "")
        if self._token and compare_digest(token.encode(errors="surrogateescape"), self._token):
            return OWNER
        if not right.writes:
            return NOBODY
        if not self._token:
            raise ApiError(403, "Changes are disabled: this installation has no owner's token and no login.")
        raise ApiError(401, _NEEDS_PROOF, headers={"www-authenticate": "Bearer"})

    async def admit(self, limit: Limit, connection: HTTPConnection) -> None:  # noqa: ARG002  # the port's signature
        """Admit every request for a host of ours: one person needs no limit.

        Raises:
            ApiError: the request is for a foreign host (421).
        """
        self._check_host(connection)

    def _check_host(self, connection: HTTPConnection) -> None:
        if not is_own_host(connection.headers.get("host", ""), self._hosts):
            raise ApiError(421, FOREIGN_HOST)

    def record_denial(self, connection: HTTPConnection, reason: str) -> None:
        """Record nothing: there are no accounts, and no audit."""

    def watch(self, right: Right, connection: HTTPConnection) -> AbstractAsyncContextManager[None]:  # noqa: ARG002  # the port's signature
        """Watch nothing: the token is valid as long as the node runs."""
        return nullcontext()
