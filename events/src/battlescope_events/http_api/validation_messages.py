"""One sentence of our own about an invalid request, with the path of its field at the start.

The sentences of pydantic and of Python's JSON parser name their internals, so that none of them reaches a client.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from battlescope_events.http_api.error_body import visible
from battlescope_events.http_api.request_types import DATE_FORM, TIME_FORM

# A field's name comes from the request, so it may be as long as the body.
_MAX_PATH: Final = 100
_MAX_MESSAGE: Final = 500
_WHOLE_NUMBER: Final = "must be a whole number"
_NUMBER: Final = "must be a number"
_OBJECT: Final = "must be an object"
_LIST: Final = "must be a list"
_BOOLEAN: Final = "must be true or false"
_UUID: Final = "must be a UUID"
_TEXT: Final = "must be text"
_QUOTED: Final = re.compile(r"'([^']*)'")


def _bound(words: str, key: str, one: str, many: str, rest: str = "") -> Callable[[Mapping[str, Any]], str]:
    """The sentence with the number of the error's context and its noun: `must have at least 1 character`."""
    return lambda context: f"{words} {context[key]} {one if context[key] == 1 else many}{rest}"


def _one_of(context: Mapping[str, Any]) -> str:
    return f"must be one of {', '.join(_QUOTED.findall(str(context['expected'])))}"


def _tag(context: Mapping[str, Any]) -> str:
    tags = ", ".join(_QUOTED.findall(str(context["expected_tags"])))
    return f"{_discriminator(context)} must be one of {tags}"


def _discriminator(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")


_MESSAGES: Final[Mapping[str, str | Callable[[Mapping[str, Any]], str]]] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "value_error": lambda context: str(context["error"]),
    "enum": _one_of,
    "literal_error": _one_of,
    "union_tag_invalid": _tag,
    "union_tag_not_found": lambda context: f"{_discriminator(context)} is required",
    "greater_than": lambda context: f"must be greater than {context['gt']}",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than": lambda context: f"must be less than {context['lt']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
    "too_short": _bound("must have at least", "min_length", "entry", "entries"),
    "too_long": _bound("must have at most", "max_length", "entry", "entries"),
    "string_too_short": _bound("must have at least", "min_length", "character", "characters"),
    "string_too_long": _bound("must have at most", "max_length", "character", "characters"),
    "string_pattern_mismatch": "has a form that is not accepted",
    "int_parsing_size": "has too many digits",
    "string_unicode": "contains a character that is not valid in Unicode",
    "decimal_max_places": _bound("must have at most", "decimal_places", "decimal place", "decimal places"),
    "decimal_max_digits": _bound("must have at most", "max_digits", "digit", "digits"),
    "decimal_whole_digits": _bound("must have at most", "whole_digits", "digit", "digits", " before the point"),
    **dict.fromkeys(("decimal_type", "decimal_parsing", "float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _WHOLE_NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _BOOLEAN),
    **dict.fromkeys(("string_type", "string_sub_type"), _TEXT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "iterable_type"), _LIST),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "dataclass_type", "mapping_type"), _OBJECT),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), _UUID),
    **dict.fromkeys(
        (
            *("datetime_type", "datetime_parsing", "datetime_object_invalid", "datetime_from_date_parsing"),
            *("timezone_naive", "timezone_aware", "timezone_offset"),
        ),
        TIME_FORM,
    ),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), DATE_FORM
    ),
}


def validation_message(
    errors: Sequence[Mapping[str, Any]], body: Any = None, query_names: Mapping[str, Sequence[str]] | None = None
) -> str:
    """One sentence about the first error.

    body: the request body that was validated, if any. query_names: how the request spelt each parameter of its query.
    """
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"The body is not valid JSON; it ends or breaks at character {first['loc'][-1]}."
    place, *location = first["loc"]
    parts = _field_path(location, body) if place == "body" else _parameter_path(location, query_names or {})
    path = visible(".".join(parts)[:_MAX_PATH])
    message = visible(error_words(first)[:_MAX_MESSAGE].rstrip("."))
    if path:
        return f"{path}: {message}."
    return f"The body {message}." if place == "body" and message.startswith(("must", "is ")) else f"{message}."


def error_words(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, without its name: `must be at least 1`."""
    message = _MESSAGES.get(error["type"], "is invalid")
    return message if isinstance(message, str) else message(error.get("ctx", {}))


def _parameter_path(location: Sequence[Any], query_names: Mapping[str, Sequence[str]]) -> list[str]:
    """A parameter as the request spelt it; a value among several has its index."""
    if not location or location[0] not in query_names:
        return list(map(str, location))
    spellings, rest = query_names[location[0]], location[1:]
    if len(spellings) == 1:
        return [spellings[0], *map(str, rest[1:])]
    return [spellings[rest[0] if rest and isinstance(rest[0], int) else 0], *map(str, rest)]


def _field_path(location: Sequence[Any], body: Any) -> list[str]:
    """The location without the tags by which pydantic tells the members of a union apart."""
    path: list[str] = []
    value: Any = body
    for key in location:
        if isinstance(value, dict) and key not in value and key in cast("dict[str, Any]", value).values():
            continue
        path.append(str(key))
        value = _member(value, key)
    return path


def _member(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None
