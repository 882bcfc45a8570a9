"""The one reader of ESI's answers to `POST /universe/names`.

| Answer | Outcome |
|---|---|
| no JSON, or no list | `InvalidNames`: asked again |
| an entry that is no object, or whose id was not requested | ignored |
| a name that is blank, no text, or of a category that is no text | the id has no name |
| a name with NUL, control characters, half of a surrogate pair, bytes that are no UTF-8 | U+FFFD in their place |
| a name with direction marks | without them |
| a name beyond 200 characters | its first 200 |
| an id twice | the first entry with a name counts |
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, cast

from battlescope_schemas.foreign_text import clean_name, parse_json


class InvalidNames(ValueError):
    """The bytes are no list of names. The message is a sentence with the reason."""


class EsiName(NamedTuple):
    """A name and its category, such as `character` or `solar_system`."""

    category: str
    name: str


def read_names(body: bytes, requested_ids: Collection[int]) -> dict[int, EsiName]:
    """The names in an answer, by id; without the ids that have none.

    Raises:
        InvalidNames: the body is no JSON, or no list.
    """
    try:
        document = parse_json(body)
    except ValueError as error:
        raise InvalidNames(f"The answer is not JSON: {error}.") from error
    if not isinstance(document, list):
        raise InvalidNames("The answer is not a list of names.")
    names: dict[int, EsiName] = {}
    for entity_id, name in _entries(cast("list[Any]", document)):
        if entity_id in requested_ids:
            names.setdefault(entity_id, name)
    return names


def _entries(document: list[Any]) -> Iterator[tuple[int, EsiName]]:
    for entry in document:
        if not isinstance(entry, Mapping):
            continue
        fields = cast("Mapping[str, Any]", entry)
        entity_id, category, name = fields.get("id"), fields.get("category"), clean_name(fields.get("name"))
        if type(entity_id) is int and isinstance(category, str) and name is not None:
            yield entity_id, EsiName(category, name)
