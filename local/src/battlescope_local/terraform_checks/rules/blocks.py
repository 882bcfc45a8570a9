"""Resources, data sources and providers have the attributes and blocks of their schema."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import (
    Block,
    Configuration,
    is_expression,
    nested_blocks,
    text,
    without_marks,
)
from battlescope_local.terraform_checks.schemas import Schemas

META: Final = frozenset(
    {"for_each", "count", "depends_on", "provider", "lifecycle", "provisioner", "connection", "alias"}
)
NUMERIC: Final = "number"
COLLECTIONS: Final = {"list", "set", "tuple"}
MAPPINGS: Final = {"map", "object"}


def known_attributes(configuration: Configuration, schemas: Schemas) -> Iterator[Finding]:
    """An unknown or missing attribute stops `terraform apply`, but only where the provider is installed."""
    for module in configuration.modules.values():
        for block in module.blocks:
            schema = _schema(block, schemas)
            if schema is not None:
                for path, sentence in _faults(block.body, schema["block"], META):
                    yield block.finding(path, sentence)


def known_types(configuration: Configuration, schemas: Schemas) -> Iterator[Finding]:
    """A misspelt type of resource exists in no provider."""
    for module in configuration.modules.values():
        for block in module.blocks:
            known = {"resource": schemas.resources, "data": schemas.data_sources}.get(block.kind)
            if known is not None and block.labels[0] not in known and schemas.describes(block.labels[0]):
                yield block.finding("", f"no provider has the type {block.labels[0]}")


def _schema(block: Block, schemas: Schemas) -> Mapping[str, Any] | None:
    schemas_of_kind = {
        "resource": schemas.resources,
        "data": schemas.data_sources,
        "provider": schemas.providers,
    }.get(block.kind, {})
    return schemas_of_kind.get(block.labels[0]) if block.labels else None


def _faults(body: Mapping[str, Any], schema: Mapping[str, Any], meta: frozenset[str]) -> Iterator[tuple[str, str]]:
    attributes: Mapping[str, Any] = schema.get("attributes", {})
    blocks: Mapping[str, Any] = schema.get("block_types", {})
    present = set[str]()
    for name, value, content in _entries(body):
        present.add(name)
        if name in meta:
            continue
        if name in blocks:
            for item in content:
                yield from (
                    (f"{name}.{path}" if path else name, fault)
                    for path, fault in _faults(item, blocks[name]["block"], frozenset())
                )
        elif name in attributes:
            yield from ((name, fault) for fault in _wrong_value(value, attributes[name]))
        else:
            yield name, "is no attribute or block of this type"
    for name, attribute in attributes.items():
        if attribute.get("required") and name not in present:
            yield name, "is required"
    for name, block in blocks.items():
        if (block.get("min_items") or 0) > 0 and name not in present:
            yield name, "is a required block"


def _entries(body: Mapping[str, Any]) -> Iterator[tuple[str, Any, list[dict[str, Any]]]]:
    """Name, value and the bodies of nested blocks; a dynamic block counts as the one that it makes."""
    for name, value in without_marks(body).items():
        if name == "dynamic":
            for entry in cast("list[Mapping[str, Any]]", value):
                ((made, dynamic),) = without_marks(entry).items()
                yield made, None, [without_marks(content) for content in dynamic["content"]]
        else:
            yield name, value, nested_blocks(value)


def _wrong_value(value: Any, attribute: Mapping[str, Any]) -> Iterator[str]:
    if not (attribute.get("required") or attribute.get("optional")):
        yield "is computed by the provider and cannot be set"
        return
    expected: Any = attribute.get("type", "dynamic")
    if nested_blocks(value):
        yield "is an attribute, not a block"
    elif not is_expression(value) and not _fits(value, expected):
        yield f"must be a {expected if isinstance(expected, str) else expected[0]}"


def _fits(value: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        kind, inner = cast("list[Any]", expected)[0], cast("list[Any]", expected)[1]
        if kind in COLLECTIONS:
            return isinstance(value, list) and all(
                is_expression(item) or kind == "tuple" or _fits(item, inner) for item in cast("list[Any]", value)
            )
        return isinstance(value, dict) and kind in MAPPINGS
    if expected == "bool":
        return isinstance(value, bool) or text(value) in {"true", "false"}
    if expected == NUMERIC:
        return (isinstance(value, int | float) and not isinstance(value, bool)) or text(value).isdigit()
    return expected == "dynamic" or isinstance(value, str | int | float)
