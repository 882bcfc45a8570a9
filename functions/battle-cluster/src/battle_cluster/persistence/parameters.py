"""Parameters in the form that the driver and PostgreSQL handle fast: arrays as text, rows as one JSON document."""

import re
from collections.abc import Iterable, Mapping, Sequence
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


def copied_rows(rows: Sequence[Values]) -> bytes:
    """Rows for `upsert.copy_into`. A tuple in a row is a JSON document, since arrays are text already.

    They are JSON arrays without brackets, which are CSV but for the escapes of control characters: one call for a row
    takes half of what a call for each value takes.
    """
    documents = [index for index, column in enumerate(zip(*rows, strict=True)) if tuple in set(map(type, column))]
    written = (_with_text(row, documents) for row in rows) if documents else rows
    lines = b"".join([orjson.dumps(row, default=str)[1:-1] + b"\n" for row in written])
    return _JSON_ESCAPE.sub(_as_csv, lines) if b"\\" in lines else lines


def _with_text(row: Values, documents: Iterable[int]) -> list[Any]:
    """The row with those columns as texts."""
    values = list(row)
    for index in documents:
        values[index] = values[index] if values[index] is None else orjson.dumps(values[index]).decode()
    return values


_JSON_ESCAPE: Final = re.compile(rb"\\(?:u[0-9a-f]{4}|.)")
_CSV_ESCAPES: Final = frozenset({rb"\"", rb"\\"})


def _as_csv(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape[0] in _CSV_ESCAPES else orjson.loads(b'"%b"' % escape[0]).encode()
