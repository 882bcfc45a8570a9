"""The place in a list from which the next page goes on, as an opaque word."""

import base64
import json
from typing import NamedTuple, Self


class InvalidCursor(ValueError):  # noqa: N818  # an outcome, named as what it is
    """The cursor was not made by this service for this order of the list."""


class Cursor(NamedTuple):
    """The last row seen: the order it was seen in, its sort value and its id."""

    order: str
    value: str
    id: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, order: str) -> Self:
        """Read a cursor back.

        Raises:
            BadCursor: it is none, or belongs to another order.
        """
        try:
            parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            cursor = cls(*map(str, parts))
        except (ValueError, TypeError) as error:
            raise InvalidCursor("The cursor is not one that this service gave.") from error
        if cursor.order != order:
            raise InvalidCursor("The cursor belongs to another order of the list.")
        return cursor
