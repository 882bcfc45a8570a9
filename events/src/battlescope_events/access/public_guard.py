"""The guard of a function whose routes are all public. It needs no store, so that pages come while Valkey is away."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from fastapi.requests import HTTPConnection

from battlescope_events.edge.limits import Limit
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import Caller, Right

_NO_RIGHTS: Final = "This function knows no callers."


class PublicGuard:
    """Admits every request to a public route, and nobody to another one."""

    def __init__(self, origins: OriginPolicy) -> None:
        self.origins = origins

    async def check(self, right: Right, connection: HTTPConnection) -> Caller:  # noqa: ARG002  # the port's signature
        """Refuse.

        Raises:
            ApiError: always (403), since it cannot be known who calls.
        """
        raise ApiError(403, _NO_RIGHTS)

    async def admit(self, limit: Limit, connection: HTTPConnection) -> None:
        """Admit everything: a page has many files, and counting requests would need a store."""

    def record_denial(self, connection: HTTPConnection, reason: str) -> None:
        """Record nothing: there are no accounts here."""

    def watch(self, right: Right, connection: HTTPConnection) -> AbstractAsyncContextManager[None]:  # noqa: ARG002  # the port's signature
        """Watch nothing: no route has a right."""
        return nullcontext()
