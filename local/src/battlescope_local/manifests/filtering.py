"""Filters of a Trigger, in the dialects that local mode supports."""

from collections.abc import Mapping
from typing import Final

from battlescope_local.manifests.fields import Fields, SourceLocation
from battlescope_local.manifests.model import ATTRIBUTE_NAME, AllOf, AnyOf, Exact, Filter, Not, Prefix, Suffix

ATTRIBUTE_DIALECTS: Final = {"exact": Exact, "prefix": Prefix, "suffix": Suffix}
COMBINING_DIALECTS: Final = {"all": AllOf, "any": AnyOf}


def parse_filters(spec: Fields) -> tuple[Filter, ...]:
    """Filters of a Trigger; `filters` take precedence over the older `filter`, as in Knative."""
    filters = tuple(_filter(item, location) for item, location in spec.items("filters"))
    with spec.optional("filter") as legacy:
        legacy_filters = (Exact(parse_attributes(legacy, "attributes")),) if "attributes" in legacy else ()
    return filters or legacy_filters


def _filter(raw: object, location: SourceLocation) -> Filter:
    with Fields(raw, location) as fields:
        if len(fields.names()) != 1:
            location.fail("must have one dialect; `all` combines several")
        return _dialect(fields.names()[0], fields)


def _dialect(name: str, fields: Fields) -> Filter:
    if name in ATTRIBUTE_DIALECTS:
        return ATTRIBUTE_DIALECTS[name](parse_attributes(fields, name))
    if name in COMBINING_DIALECTS:
        return COMBINING_DIALECTS[name](_nested(fields, name))
    if name == "not":
        return Not(_filter(fields.take(name), fields.location / name))
    return (fields.location / name).fail("local mode supports only exact, prefix, suffix, all, any and not")


def _nested(fields: Fields, key: str) -> tuple[Filter, ...]:
    nested = tuple(_filter(item, location) for item, location in fields.items(key))
    if not nested:
        (fields.location / key).fail("must have a filter")
    return nested


def parse_attributes(fields: Fields, key: str) -> Mapping[str, str]:
    attributes = fields.text_map(key)
    for name, value in attributes.items():
        if not ATTRIBUTE_NAME.fullmatch(name):
            (fields.location / key).fail(f"{name!r} is not an attribute name")
        if not value:
            (fields.location / f"{key}.{name}").fail("must not be empty")
    if not attributes:
        (fields.location / key).fail("must have an attribute")
    return attributes
