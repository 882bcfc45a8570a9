"""Pages of lists that are long or change: an opaque cursor says where the next page begins."""

import base64
from collections.abc import Sequence
from functools import cached_property
from types import GenericAlias
from typing import Any, Generic, NamedTuple, TypeVar, cast, get_args

from pydantic import ConfigDict, TypeAdapter

from battlescope_events.http_api.errors import ApiError

PositionT = TypeVar("PositionT", bound=tuple[Any, ...])
RowT = TypeVar("RowT")


class CursorFormat(Generic[PositionT]):
    """The cursors of a list in one order. A cursor is the position of the last row of a page."""

    def __init__(self, order: str, position: type[PositionT]) -> None:
        """Take the name of the order, and the tuple of types that a position consists of."""
        self._order = order
        self._position = position

    def encode(self, *position: object) -> str:
        text = self._adapter.dump_json((self._order, *position))
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    def decode(self, text: str | None) -> PositionT | None:
        """The position of a cursor; None without a cursor, which is the first page.

        Raises:
            ApiError: the text is no cursor, or one of another order (400).
        """
        if text is None:
            return None
        try:
            order, *position = self._adapter.validate_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError as error:
            raise ApiError(400, "The cursor is invalid.") from error
        if order != self._order:
            raise ApiError(400, "The cursor belongs to another sort order.")
        return cast("PositionT", tuple(position))

    @cached_property
    def _adapter(self) -> TypeAdapter[tuple[Any, ...]]:
        order_and_position: Any = GenericAlias(tuple, (str, *get_args(self._position)))
        return TypeAdapter(order_and_position, config=ConfigDict(strict=True))


class Page(NamedTuple, Generic[RowT]):
    """The rows of a page, and whether the list goes on."""

    rows: Sequence[RowT]
    has_more: bool


def page_of(rows: Sequence[RowT], limit: int) -> Page[RowT]:
    """The page of rows that were read with a limit of one more than the page holds."""
    return Page(rows[:limit], len(rows) > limit)
