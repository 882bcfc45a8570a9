"""The cursor of a paged list: the position after which the next page starts, as an opaque string."""

import base64
import json
from typing import NamedTuple, Self


class InvalidCursor(ValueError):  # noqa: N818  # a client's mistake, not a fault of the service
    """This service did not create the cursor, or created it for another sort order."""


class Cursor(NamedTuple):
    """The last row of a page: the sort order of the list, the row's sort value and the row's id."""

    order: str
    value: str
    id: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, order: str) -> Self:
        """Decode a cursor.

        Raises:
            InvalidCursor: the text is not a cursor, or the cursor belongs to another sort order.
        """
        try:
            parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            cursor = cls(*map(str, parts))
        except (ValueError, TypeError) as error:
            raise InvalidCursor("The cursor is invalid.") from error
        if cursor.order != order:
            raise InvalidCursor("The cursor belongs to another sort order.")
        return cursor
