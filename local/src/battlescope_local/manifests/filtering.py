"""Filters of a Trigger, in the dialects that local mode evaluates."""

from collections.abc import Mapping
from typing import Final

from battlescope_local.manifests.fields import Fields, SourceLocation
from battlescope_local.manifests.model import ATTRIBUTE_NAME, AllOf, AnyOf, Exact, Filter, Not, Prefix, Suffix

BY_ATTRIBUTES: Final = {"exact": Exact, "prefix": Prefix, "suffix": Suffix}
OF_FILTERS: Final = {"all": AllOf, "any": AnyOf}


def filters_of(spec: Fields) -> tuple[Filter, ...]:
    """`filters` win over the older `filter`, as in Knative."""
    filters = tuple(_filter(item, place) for item, place in spec.items("filters"))
    with spec.optional("filter") as older:
        oldest = (Exact(attributes_of(older, "attributes")),) if "attributes" in older else ()
    return filters or oldest


def _filter(raw: object, place: SourceLocation) -> Filter:
    with Fields(raw, place) as fields:
        if len(fields.names()) != 1:
            place.fail("must hold one dialect; several are combined by `all`")
        return _dialect(fields.names()[0], fields)


def _dialect(name: str, fields: Fields) -> Filter:
    if name in BY_ATTRIBUTES:
        return BY_ATTRIBUTES[name](attributes_of(fields, name))
    if name in OF_FILTERS:
        return OF_FILTERS[name](_nested(fields, name))
    if name == "not":
        return Not(_filter(fields.take(name), fields.place / name))
    return (fields.place / name).fail("local mode knows only exact, prefix, suffix, all, any and not")


def _nested(fields: Fields, key: str) -> tuple[Filter, ...]:
    nested = tuple(_filter(item, place) for item, place in fields.items(key))
    if not nested:
        (fields.place / key).fail("must hold a filter")
    return nested


def attributes_of(fields: Fields, key: str) -> Mapping[str, str]:
    attributes = fields.text_map(key)
    for name, value in attributes.items():
        if not ATTRIBUTE_NAME.fullmatch(name):
            (fields.place / key).fail(f"{name!r} is no attribute name")
        if not value:
            (fields.place / f"{key}.{name}").fail("must not be empty")
    if not attributes:
        (fields.place / key).fail("must name an attribute")
    return attributes
