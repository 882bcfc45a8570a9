"""JSON Schemas of OpenAPI documents in words, as HTML with links to the schemas that they refer to."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final, NamedTuple

Schema = Mapping[str, Any]
# The words before and after the value.
_BOUNDS: Final = {
    "minimum": ("from", ""),
    "maximum": ("to", ""),
    "minLength": ("at least", " characters"),
    "maxLength": ("at most", " characters"),
    "minItems": ("at least", " items"),
    "maxItems": ("at most", " items"),
    "pattern": ("pattern", ""),
    "default": ("default", ""),
}


class SchemaRow(NamedTuple):
    """One field of an object; `description` is text, `type_html` HTML."""

    name: str
    is_required: bool
    type_html: str
    description: str


def schema_rows(schema: Schema) -> Iterator[SchemaRow]:
    """The fields of an object; none of other types."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield SchemaRow(name, name in required, type_text(field), field.get("description", ""))


def type_text(schema: Schema) -> str:
    """The type with its bounds."""
    bounds = "".join(
        f", {before} <code>{escape(_value(schema[key]))}</code>{after}"
        for key, (before, after) in _BOUNDS.items()
        if key in schema and schema[key] != []  # an empty list is the default of every filter
    )
    return _kind(schema) + bounds


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(type_text(option) for option in schema[key])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return "one of " + ", ".join(f"<code>{escape(_value(value))}</code>" for value in values)
    return _plain_kind(schema)


def _plain_kind(schema: Schema) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {type_text(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return f"map of {type_text(schema['additionalProperties'])}"
        case None:
            return "any value"
        case kind:
            form = schema.get("format")
            return escape(f"{kind} ({form})" if form else str(kind))
