"""The schemas of Typesense's collections, derived from the models of their documents."""

import types
from enum import StrEnum
from typing import Any, Final, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from battlescope_schemas.search.documents import DOCUMENTS, Collection, Document, Indexed

_SORTED_BY: Final = {
    Collection.BATTLES: "startTime",
    Collection.KILLMAILS: "killmailTime",
}
_DEFAULT_ORDER: Final = "activityScore"


def collection_schema(collection: Collection, name: str) -> dict[str, Any]:
    """The body of `POST /collections` for a collection of this name, which an alias may then name.

    Fields that are only shown are not in it: Typesense keeps and returns them without an index.
    """
    model = DOCUMENTS[collection]
    return {
        "name": name,
        "fields": [field for field_name, info in model.model_fields.items() for field in _fields(field_name, info)],
        "default_sorting_field": _SORTED_BY.get(collection, _DEFAULT_ORDER),
        "token_separators": ["-", "."],
    }


def _fields(field_name: str, info: FieldInfo) -> list[dict[str, Any]]:
    indexed = next((entry for entry in info.metadata if isinstance(entry, Indexed)), None)
    if indexed is None or field_name == "id":
        return []
    value_type, is_optional = _without_none(info.annotation)
    type_name = _type_name(value_type)
    field: dict[str, Any] = {"name": info.serialization_alias or info.alias or field_name, "type": type_name}
    if is_optional:
        field["optional"] = True
    if indexed.facet:
        field["facet"] = True
    if indexed.sort:
        field["sort"] = True
    return [field]


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
        return arguments[0], len(arguments) < len(get_args(annotation))
    return annotation, False


def _type_name(value_type: Any) -> str:
    if get_origin(value_type) is tuple:
        return f"{_type_name(get_args(value_type)[0])}[]"
    if isinstance(value_type, type) and issubclass(value_type, StrEnum | str):
        return "string"
    return {bool: "bool", int: "int64", float: "float"}[value_type]


def document_json(document: Document) -> dict[str, Any]:
    """The document as Typesense stores it: fields without a value are left out."""
    return document.model_dump(mode="json", exclude_none=True)
