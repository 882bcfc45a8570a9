"""Rows as one JSON parameter, which a statement unfolds: one statement writes one row or thousands."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson


def json_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    return orjson.dumps(list(rows), default=_exact).decode()


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
