"""Parameters in the form that the driver and PostgreSQL handle fast: arrays as text, rows as one JSON document."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final

import orjson

Row = Mapping[str, Any]
Values = tuple[Any, ...]
"""A row without the names of its columns."""


def int_array(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver writes lists ten times slower."""
    return f"{{{','.join(map(str, numbers))}}}"


def json_rows(rows: Sequence[Row]) -> str:
    """Rows for `json_populate_recordset`."""
    return orjson.dumps(rows, default=str).decode() if rows else "[]"


def json_rows_of(columns: Sequence[str], rows: Iterable[Values]) -> str:
    """As `json_rows`, of rows in the order of these columns."""
    return json_rows([dict(zip(columns, row, strict=True)) for row in rows])


def copy_text(rows: Iterable[Values]) -> str:
    """Rows in the text format of COPY, which PostgreSQL reads in a third of the time of JSON."""
    columns = [_copied(column) for column in zip(*rows, strict=True)]
    return "".join([f"{line}\n" for line in map("\t".join, zip(*columns, strict=True))])


def _copied(column: Sequence[object]) -> Iterable[str]:
    """Each value of a column as text; most of them are there several times."""
    text_of = {value: _COPIED.get(type(value), _escaped)(value) for value in set(column)}
    return map(text_of.__getitem__, column)


def _escaped(value: object) -> str:
    text = str(value)
    for character, escaped in _ESCAPES:  # the backslash first; str.translate takes ten times as long
        if character in text:
            text = text.replace(character, escaped)
    return text


_ESCAPES: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_COPIED: Final[Mapping[type, Callable[[Any], str]]] = {
    NoneType: lambda _: "\\N",
    tuple: lambda value: _escaped(orjson.dumps(value).decode()),
    **dict.fromkeys((int, float, bool, Decimal, datetime), str),
}
"""By type; any other value is escaped. A tuple is a JSON document, since arrays are text already."""
