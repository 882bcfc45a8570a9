"""The place where a request is let through or refused. Each route declares in one line the right that it needs."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

from fastapi import Depends
from fastapi.requests import HTTPConnection

from battlescope_events.edge.limits import ANONYMOUS, Limit
from battlescope_events.edge.origins import OriginPolicy
from battlescope_schemas.names.shown_names import NamedKind, shown_name

OWN_ACCOUNT: Final = "account"
"""The feature of what an account does with itself: every account that is not blocked may."""
ANY_FEATURE: Final = "any"
"""The feature of what needs the role in one feature, whichever it is."""
INSTALLATION: Final = "installation"
"""The feature in which nobody has a role, so that only SuperAdmins may."""
PUBLIC_ROUTES: Final[Mapping[str, str]] = {
    "/health": "Knative and operators ask whether an instance works; the answer names no data.",
    "/healthz": "The same, by its other usual name.",
    "/health/liveness": "The kubelet asks without a login.",
    "/health/readiness": "Knative asks without a login before it sends requests.",
    "/health/startup": "The kubelet asks without a login.",
    "/health/search": "Operators ask whether the search engine answers; it says no more than that.",
    "/openapi.json": "The description of the API is public, as its source is.",
    "/api/openapi.json": "The same of all functions together.",
    "/api/docs": "The same as a page for people.",
    "/{path:site}": "The web app holds no data, and nobody can log in without it.",
    "/auth/login": "Nobody has a session before the login.",
    "/s/neutral.png": "A picture without data, for previews of pages that need a login.",
    "/s/{token}.png": "The picture of a battle that a user shared; its token is what the reader proves.",
    "/s/{token}": "The page of a battle that a user shared, for readers without a login and for previews.",
    "/auth/callback": "The SSO returns the browser here; the single-use state is what it proves.",
}
"""The paths that need no right, each with its reason. There are no others."""


class Role(IntEnum):
    """The roles of a feature; a higher one includes those below it."""

    NONE = 0
    USER = 10
    FC = 20
    DIRECTOR = 30
    ADMIN = 40


@dataclass(frozen=True, slots=True)
class Right:
    """The least role in a feature that a route needs, and whether the route changes something.

    limit: of requests an account; None for the usual one of the role.
    """

    feature: str
    role: Role
    writes: bool = False
    limit: Limit | None = None


class CallerKind(StrEnum):
    """How a caller proved who he is."""

    ANONYMOUS = "anonymous"
    OWNER = "owner"  # of the data folder of one machine, in the access mode `off`
    SESSION = "session"
    ACCESS_TOKEN = "access-token"  # noqa: S105  # the name of a kind


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from.

    account_id, character_id, character_name: None for anonymous callers and the owner; the name also where nobody
    knows it.
    roles: the rank by feature.
    token_id: of the personal access token, where the request has one.
    """

    kind: CallerKind
    account_id: UUID | None = None
    character_id: int | None = None
    character_name: str | None = None
    roles: Mapping[str, int] = field(default_factory=dict[str, int])
    is_super_admin: bool = False
    token_id: UUID | None = None

    def author(self, stated: str) -> str:
        """The author of what this caller changes: his character, or, where there are no logins, whom he states."""
        if self.character_id is None:
            return stated
        return shown_name(NamedKind.CHARACTER, self.character_id, self.character_name)

    def rank(self, feature: str) -> int:
        """The rank of this caller in a feature."""
        if self.is_super_admin or self.kind is CallerKind.OWNER:
            return Role.ADMIN
        if feature == OWN_ACCOUNT:
            return Role.NONE if self.account_id is None else Role.ADMIN
        if feature == INSTALLATION:
            return Role.NONE
        return max(self.roles.values(), default=0) if feature == ANY_FEATURE else self.roles.get(feature, 0)


NOBODY: Final = Caller(CallerKind.ANONYMOUS)
OWNER: Final = Caller(CallerKind.OWNER)


class AccessEndedError(Exception):
    """A running stream has lost its right; the message is the reason, for the client."""


class Guard(Protocol):
    """Decides on requests. An implementation reads the credentials from the connection."""

    @property
    def origins(self) -> OriginPolicy:
        """Which web pages may call the API."""
        ...

    async def check(self, right: Right, connection: HTTPConnection) -> Caller:
        """The caller, if he has the right.

        Raises:
            ApiError: the caller is unknown (401), does not have the right (403), has made too many requests (429), or
                it cannot be known who he is (503).
        """
        ...

    async def admit(self, limit: Limit, connection: HTTPConnection) -> None:
        """Return if a public route may answer.

        Raises:
            ApiError: too many requests came from this address (429).
        """
        ...

    def record_denial(self, connection: HTTPConnection, reason: str) -> None:
        """Record a request that was refused before `check` could be asked."""
        ...

    def watch(self, right: Right, connection: HTTPConnection) -> AbstractAsyncContextManager[None]:
        """Count the block as a stream, and cancel it as soon as the checked caller no longer has the right.

        Raises:
            ApiError: the caller has too many streams (429); only before the block begins.
            AccessEndedError: the right ended inside the block.
        """
        ...


class GuardedDependencies(Protocol):
    """Dependencies of routes, with the guard of the app."""

    @property
    def guard(self) -> Guard: ...


def guard_of(connection: HTTPConnection) -> Guard:
    """The guard of the app that serves this connection."""
    dependencies: GuardedDependencies = connection.app.state.dependencies
    return dependencies.guard


@dataclass(frozen=True)
class RightCheck:
    """A dependency of a route that asks the guard of the app for this right."""

    right: Right

    async def __call__(self, connection: HTTPConnection) -> None:
        """Store the caller and the right for the route, or raise the guard's `ApiError`."""
        caller = await guard_of(connection).check(self.right, connection)
        connection.state.caller, connection.state.right = caller, self.right


@dataclass(frozen=True)
class PublicCheck:
    """A dependency of a public route, which asks for no right and only limits requests."""

    limit: Limit

    async def __call__(self, connection: HTTPConnection) -> None:
        await guard_of(connection).admit(self.limit, connection)
        connection.state.caller = NOBODY


def requires(right: Right) -> Any:
    """The entry in the `dependencies` of a route that declares its right."""
    return Depends(RightCheck(right))


def public(limit: Limit = ANONYMOUS) -> Any:
    """The entry in the `dependencies` of a route of `PUBLIC_ROUTES`."""
    return Depends(PublicCheck(limit))


async def _current_caller(connection: HTTPConnection) -> Caller:
    caller: Caller = connection.state.caller
    return caller


CurrentCaller = Annotated[Caller, Depends(_current_caller)]
"""The type of a route's argument that is the caller; the right of the route is checked before."""


@asynccontextmanager
async def watch_access(connection: HTTPConnection) -> AsyncGenerator[None]:
    """Cancel the block as soon as the caller of this guarded connection no longer has the right of its route.

    Raises:
        ApiError: the caller has too many streams (429); only before the block begins.
        AccessEndedError: the right ended inside the block.
    """
    right: Right = connection.state.right
    async with guard_of(connection).watch(right, connection):
        yield
