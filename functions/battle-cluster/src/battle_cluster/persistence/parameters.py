"""Parameters in the form that the driver and PostgreSQL handle fast: arrays as text, rows as one JSON document."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString, cast

import orjson

_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")

Row = Mapping[str, Any]


def int_array(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver writes lists ten times slower."""
    return f"{{{','.join(map(str, numbers))}}}"


def json_rows(rows: Sequence[Row]) -> str:
    """Rows for `json_populate_recordset`."""
    return orjson.dumps(rows, default=str).decode() if rows else "[]"


class PositionalStatement:
    """A statement with numbered parameters, for a raw cursor: the driver looks for the named ones each time.

    It remembers where they are only in statements of up to 4,096 characters.
    """

    def __init__(self, statement: LiteralString) -> None:
        self._names = tuple(dict.fromkeys(_PLACEHOLDER.findall(statement)))
        number_of = {name: number for number, name in enumerate(self._names, 1)}
        text = _PLACEHOLDER.sub(lambda match: f"${number_of[match[1]]}", statement).replace("%%", "%")
        self.text: LiteralString = cast("LiteralString", text)

    def values(self, params: Mapping[str, Any]) -> list[Any]:
        return [params[name] for name in self._names]
