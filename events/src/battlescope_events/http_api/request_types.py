"""Models and types of requests. Pure: schemas of functions import them.

A request is read strictly: what a type does not name is refused, instead of being read as something else.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints
from pydantic import WithJsonSchema as JsonSchema

from battlescope_schemas.base import Schema, UtcTime

DEFAULT_AUTHOR: Final = "developer"
TIME_FORM: Final = "must be a time in ISO 8601, such as 2026-03-01T20:00:00Z"
DATE_FORM: Final = "must be a date in ISO 8601, such as 2026-03-01"
ISK_FORM: Final = "must be an amount of ISK in digits, such as 1500000000 or 0.25"
_DIGITS: Final = re.compile(r"-?[0-9]+")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_WHOLE_ISK: Final = 10**15  # every JSON reader keeps whole numbers of this size
_ISK: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,2})?")
_ANY_ISK: Final = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_ISK_BOUND: Final = f"must be at most {'9' * 18}.99"
# C0 and C1 control characters, marks that change the direction of text, separators of lines, and the byte order mark:
# they hide or disguise what stands beside them in a page, a terminal or a log.
_CONTROLS: Final = "\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff"
_ONE_LINE: Final = re.compile(f"[^{_CONTROLS}]*")
_LINES: Final = re.compile(f"(?:[^{_CONTROLS}]|[\\t\\n\\r])*")
# The same for a JSON Schema; text needs a visible character, since spaces around it are removed.
_ONE_LINE_PATTERN: Final = f"^[^{_CONTROLS}]*[^\\s{_CONTROLS}][^{_CONTROLS}]*$"


def _only(pattern: re.Pattern[str], form: str) -> Callable[[Any], Any]:
    """Refuse text of another form, and numbers, which pydantic would read as seconds since 1970."""

    def check(value: Any) -> Any:
        if isinstance(value, (str, int, float)) and not (isinstance(value, str) and pattern.fullmatch(value)):
            raise ValueError(form)
        return value

    return check


def _whole_number(value: Any) -> Any:
    """Refuse spellings of numbers that pydantic accepts besides digits: `1_0`, `+1`, `1.0`, true."""
    if isinstance(value, bool | float) or (isinstance(value, str) and not _DIGITS.fullmatch(value)):
        raise ValueError("must be a whole number")
    return value


def _query_isk(value: Any) -> Any:
    if isinstance(value, str) and _ISK.fullmatch(value):
        return value
    raise ValueError(_ISK_BOUND if isinstance(value, str) and _ANY_ISK.fullmatch(value) else ISK_FORM)


def _isk(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return _query_isk(value)
    if value > _MAX_WHOLE_ISK:
        raise ValueError(f"must be at most {_MAX_WHOLE_ISK} as a number; larger amounts are text")
    return value


def _true_or_false(value: Any) -> Any:
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004  # pydantic takes ValueError
    return value


def _one_line(text: str) -> str:
    if not _ONE_LINE.fullmatch(text):
        raise ValueError("must be one line without control characters")
    return text


def _lines(text: str) -> str:
    if not _LINES.fullmatch(text):
        raise ValueError("must not contain control characters")
    return text


WHOLE_NUMBER: Final = BeforeValidator(_whole_number)
"""The last annotation of a number in a query or path: after it, pydantic would not describe the bounds."""
JsonInteger = Annotated[int, Strict()]
"""A number in a body, which is no text, boolean or fraction."""
Flag = Annotated[bool, BeforeValidator(_true_or_false)]
"""A boolean in a query."""
JsonFlag = Annotated[bool, Strict()]
"""A boolean in a body."""
RequestTime = Annotated[UtcTime, Strict(strict=False), BeforeValidator(_only(_TIME, TIME_FORM))]
"""A time in ISO 8601; without an offset it is UTC."""
RequestDate = Annotated[date, BeforeValidator(_only(_DATE, DATE_FORM))]

QueryIsk = Annotated[
    Decimal,
    BeforeValidator(_query_isk),
    JsonSchema({"type": "string", "pattern": f"^{_ISK.pattern}$"}),
]
"""An amount of ISK in a query, with up to two decimal places. Exponents and signs are refused."""
RequestIsk = Annotated[
    Decimal,
    BeforeValidator(_isk),
    JsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{_ISK.pattern}$"},
                {"type": "integer", "minimum": 0, "maximum": _MAX_WHOLE_ISK},
            ]
        }
    ),
]
"""An amount of ISK in a body: text as in a query, or a whole number."""

MAX_ID: Final = 10**18 - 1  # far above every id of the game, so that an id in text needs no bound besides its digits
_ID: Final = {
    "anyOf": [
        {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
        {"type": "integer", "minimum": 1, "maximum": MAX_ID},
    ]
}
RequestId = Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=MAX_ID), JsonSchema(_ID)]
"""An id of the game in a body: text, as responses have it, or a number."""
QueryId = Annotated[int, Field(ge=1, le=MAX_ID), WHOLE_NUMBER]
"""An id of the game in a query or path."""


ONE_LINE: Final = AfterValidator(_one_line)
ONE_LINE_PATTERN: Final = Field(json_schema_extra={"pattern": _ONE_LINE_PATTERN})
"""With `ONE_LINE`: the same for the OpenAPI description."""
LINES: Final = AfterValidator(_lines)
SingleLine = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128), ONE_LINE, ONE_LINE_PATTERN
]
"""Text that is shown in one line; spaces around it are removed."""

CursorText = Annotated[str, Field(max_length=500)]


def check_order(model: BaseModel, ranges: Iterable[tuple[str, str]]) -> None:
    """Refuse a range whose lower end is above its upper end.

    Raises:
        ValueError: the lower field of a pair is greater than the upper one; the sentence names both.
    """
    for lower, upper in ranges:
        low, high = getattr(model, lower), getattr(model, upper)
        if low is not None and high is not None and low > high:
            raise ValueError(f"{lower} must not be greater than {upper}")


class OffsetPage(BaseModel):
    """The part of a list that a request wants; a route overrides a limit by a field of the same name."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000), WHOLE_NUMBER] = 0


class RequestBody(Schema):
    """Rejects unknown fields, so that a misspelled field cannot silently change the meaning of a request."""

    model_config = ConfigDict(extra="forbid")


StatedAuthor = Annotated[
    SingleLine,
    Field(description="Who makes the change; where people log in, the character of the login instead."),
]
"""The author that a request states; `Caller.author` decides what is stored."""


class AuthoredBody(RequestBody):
    """A request with its author. Where people log in, the author is the character of the login."""

    author: StatedAuthor = DEFAULT_AUTHOR
