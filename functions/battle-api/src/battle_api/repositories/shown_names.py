"""Statements in which a name that nobody knows is `Unknown Alliance #99000001`, by the rule of shared-schemas."""

from typing import Final, LiteralString

from battlescope_schemas.names.shown_names import UNKNOWN, NamedKind

_TOKENS: Final[tuple[tuple[LiteralString, NamedKind], ...]] = (
    ("{unknown alliance}", NamedKind.ALLIANCE),
    ("{unknown character}", NamedKind.CHARACTER),
    ("{unknown constellation}", NamedKind.CONSTELLATION),
    ("{unknown corporation}", NamedKind.CORPORATION),
    ("{unknown region}", NamedKind.REGION),
    ("{unknown ship}", NamedKind.SHIP_TYPE),
    ("{unknown system}", NamedKind.SYSTEM),
)


def with_unknown_names(statement: LiteralString) -> LiteralString:
    """The statement, in which `coalesce(n.name, {unknown alliance} || n.id)` is a name, and NULL only without an id."""
    for token, kind in _TOKENS:
        statement = statement.replace(token, "'" + UNKNOWN[kind] + "'")
    return statement
