"""Requests of people who are logged in, and the operations that store who made a change."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from uuid import UUID

from battlescope_events.edge.limits import Limit
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.guard import Caller, CallerKind, Right, Role

AUTHOR_FIELDS: Final = frozenset({"author", "updatedBy"})
SOMEBODY_ELSE: Final = "Somebody Else"


def player(number: int, role: Role = Role.ADMIN, *, is_super_admin: bool = True) -> Caller:
    """A player with a login, who is a different one for each number."""
    return Caller(
        CallerKind.SESSION,
        UUID(int=number),
        2_112_000_000 + number,
        f"Pilot {number}",
        roles={"battle-reports": int(role)},
        is_super_admin=is_super_admin,
    )


class CallerGuard:
    """A guard to which every request comes from one caller; the role of a route is not checked."""

    origins = OriginPolicy()

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def check(self, right: Right, connection: Any) -> Caller:  # noqa: ARG002  # the port's signature
        """The caller."""
        return self.caller

    async def admit(self, limit: Limit, connection: Any) -> None:
        """Admit everything."""


def authored_operations(description: Mapping[str, Any]) -> set[str]:
    """The operations (`POST /path`) of an OpenAPI description whose body states who makes the change."""
    schemas = description["components"]["schemas"]
    return {
        f"{method.upper()} {path}"
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if not AUTHOR_FIELDS.isdisjoint(_properties(operation.get("requestBody", {}), schemas))
    }


def _properties(part: Any, schemas: Mapping[str, Any]) -> Iterator[str]:
    """The names of all properties of a schema, at any depth."""
    if isinstance(part, list):
        for member in cast("list[Any]", part):
            yield from _properties(member, schemas)
    elif isinstance(part, dict):
        members = cast("dict[str, Any]", part)
        if "$ref" in members:
            yield from _properties(schemas[members["$ref"].rpartition("/")[2]], schemas)
        yield from members.get("properties", {})
        for member in members.values():
            yield from _properties(member, schemas)
