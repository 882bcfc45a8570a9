"""Parses the source's list of a day (killmail id to hash) and its totals."""

import re
from datetime import date
from typing import Any, Final, cast

from battlescope_schemas.foreign_text import parse_json
from battlescope_schemas.killmail import MAX_ID

_HASH: Final = re.compile(r"[0-9a-f]{40}")
_ID: Final = re.compile(r"[0-9]{1,19}")
_MAX_COUNT: Final = 2**31 - 1  # of an integer column


def parse_listing(body: bytes) -> dict[int, str]:
    """The hashes by id, from `{"<id>": "<hash>"}` or `[{"killmail_id": <id>, "hash": "<hash>"}]`.

    Raises:
        ValueError: the body has neither format.
    """
    document = parse_json(body)
    if isinstance(document, list):
        entries = cast("list[dict[str, Any]]", document)
        if not all(isinstance(entry, dict) for entry in entries):  # pyright: ignore[reportUnnecessaryIsInstance]  # the cast is a hope
            raise ValueError("The list holds entries that are not killmails.")
        document = {str(entry.get("killmail_id")): entry.get("hash", entry.get("killmail_hash")) for entry in entries}
    if not isinstance(document, dict):
        raise ValueError("The list is not a map of ids.")  # noqa: TRY004  # external data, not a programming error
    hashes = cast("dict[str, Any]", document)
    if not all(_ID.fullmatch(key) and 0 < int(key) <= MAX_ID and _is_hash(value) for key, value in hashes.items()):
        raise ValueError("The list is not a map from ids to hashes.")
    return {int(key): value for key, value in hashes.items()}


def day_total(body: bytes, day: date) -> int | None:
    """The number of killmails that the source's totals state for the day, if they are readable."""
    try:
        document = parse_json(body)
    except ValueError:
        return None
    count = cast("dict[str, Any]", document).get(f"{day:%Y%m%d}") if isinstance(document, dict) else None
    return count if type(count) is int and 0 <= count <= _MAX_COUNT else None


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
