"""Statements with named parameters, in the form that PostgreSQL takes: with numbered ones.

The driver numbers parameters itself, but those of a statement with more than 4,096 characters or 50 parameters again at
each use, because it takes it for one that a program writes for a single use. Ours are constants, or composed of a few.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Self

from psycopg import AsyncRawCursor
from psycopg.abc import Params, Query
from psycopg.rows import Row

MAX_KEPT: Final = 1_000
"""Statements of a process, 5 MB at most. A function has up to a hundred; search-api composes some hundreds more."""
_PERCENT: Final = re.compile(r"%(?:\((\w+)\)s|(%)|)")


class NumberedStatement(NamedTuple):
    """names: of the parameters, in the order of their numbers."""

    text: bytes
    names: tuple[str, ...]

    def values(self, params: Params) -> Params:
        """The values of these parameters in the order of their numbers."""
        return [params[name] for name in self.names] if isinstance(params, Mapping) else params


@lru_cache(maxsize=MAX_KEPT)
def numbered(statement: str) -> NumberedStatement:
    """Number the parameters `%(name)s`, each name once; `%%` is a percent sign.

    Raises:
        ValueError: a percent sign is neither.
    """
    numbers: dict[str, int] = {}

    def replacement(percent: re.Match[str]) -> str:
        if percent[2]:
            return "%"
        if percent[1] is None:
            rest = statement[percent.start() : percent.start() + 20]
            raise ValueError(f"A statement has %(name)s for a parameter and %% for a percent sign, not {rest!r}.")
        return f"${numbers.setdefault(percent[1], len(numbers) + 1)}"

    text = _PERCENT.sub(replacement, statement)
    return NumberedStatement(text.encode(), tuple(numbers))


class NumberingCursor(AsyncRawCursor[Row]):
    """A cursor that takes named parameters and gives the driver numbered ones."""

    async def execute(
        self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> Self:
        """As the driver's. Without parameters the statement stays as it is, percent signs too."""
        if isinstance(query, str) and params is not None:
            statement = numbered(query)
            query, params = statement.text, statement.values(params)
        return await super().execute(
            query,  # pyright: ignore[reportArgumentType]  # template strings are not used: Python 3.11 has none
            params,
            prepare=prepare,
            binary=binary,
        )

    async def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """As the driver's."""
        if isinstance(query, str):
            statement = numbered(query)
            query, params_seq = statement.text, map(statement.values, params_seq)
        await super().executemany(query, params_seq, returning=returning)
