"""Parameters in the form that the driver and PostgreSQL handle fast: arrays as text, rows as one JSON document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

Row = Mapping[str, Any]


def int_array(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver writes lists ten times slower."""
    return f"{{{','.join(map(str, numbers))}}}"


def json_rows(rows: Sequence[Row]) -> str:
    """Rows for `json_populate_recordset`."""
    return orjson.dumps(rows, default=str).decode() if rows else "[]"
