"""The place where a request is let through or refused. Each route declares the right that it needs."""

from dataclasses import dataclass
from enum import IntEnum
from secrets import compare_digest
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import SecretStr

from battlescope_events.http_api.errors import ApiError


class Role(IntEnum):
    """The roles of a feature; a higher one includes those below it."""

    USER = 10
    FC = 20
    DIRECTOR = 30
    ADMIN = 40


@dataclass(frozen=True, slots=True)
class Right:
    """The least role in a feature that a route needs, and whether the route changes something."""

    feature: str
    role: Role
    writes: bool = False


class Guard(Protocol):
    """Decides on requests. An implementation reads the credentials from the connection."""

    async def check(self, right: Right, connection: HTTPConnection) -> None:
        """Return if the request has the right.

        Raises:
            ApiError: the caller is unknown (401), or does not have the right (403).
        """
        ...


class TokenGuard:
    """The access mode `off`, for one person: reads are open, writes need the one token of the installation."""

    def __init__(self, token: SecretStr | None) -> None:
        """Take the token; without one all writes are refused."""
        self._token = token.get_secret_value().encode() if token else b""

    async def check(self, right: Right, connection: HTTPConnection) -> None:
        """Return if the request has the right.

        Raises:
            ApiError: writes are disabled (403), or the token is missing or wrong (401).
        """
        if not right.writes:
            return
        if not self._token:
            raise ApiError(403, "Writes are disabled: DEVELOPMENT_TOKEN is not configured.")
        scheme, token = get_authorization_scheme_param(connection.headers.get("authorization"))
        if scheme.lower() != "bearer" or not compare_digest(token.encode(), self._token):
            message = "Write requests need the header `Authorization: Bearer <token>` with the right token."
            raise ApiError(401, message, headers={"www-authenticate": "Bearer"})


_BEARER: Final = HTTPBearer(auto_error=False, description="The value of DEVELOPMENT_TOKEN, until accounts exist.")


class GuardedDependencies(Protocol):
    """Dependencies of routes, with the guard of the app."""

    @property
    def guard(self) -> Guard: ...


@dataclass(frozen=True)
class RightCheck:
    """A dependency of a route that asks the guard of the app for this right."""

    right: Right

    async def check(self, connection: HTTPConnection) -> None:
        dependencies: GuardedDependencies = connection.app.state.dependencies
        await dependencies.guard.check(self.right, connection)


class ReadCheck(RightCheck):
    """The check of a route that changes nothing."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Return if the request has the right; else raise the guard's `ApiError`."""
        await self.check(connection)


class WriteCheck(RightCheck):
    """The check of a route that changes something; its OpenAPI description asks for a token."""

    async def __call__(
        self,
        connection: HTTPConnection,
        _described: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> None:
        """Return if the request has the right; else raise the guard's `ApiError`."""
        await self.check(connection)


def requires(right: Right) -> Any:
    """The entry in the `dependencies` of a route that declares its right."""
    return Depends(WriteCheck(right) if right.writes else ReadCheck(right))
