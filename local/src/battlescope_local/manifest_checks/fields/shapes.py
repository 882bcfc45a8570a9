"""Shapes of values, and the walk that compares a value with its shape."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from battlescope_local.manifest_checks.nodes import Finding, Node


@dataclass(frozen=True, slots=True)
class Text:
    """Text that matches a pattern as a whole; `meaning` says in a finding what is right."""

    pattern: str = r"(?s).+"
    meaning: str = "text that is not empty"


@dataclass(frozen=True, slots=True)
class Whole:
    lowest: int = 0
    highest: int = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false; one of them where only that is right."""

    only: bool | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Shape"
    least: int = 1


@dataclass(frozen=True, slots=True)
class TextMap:
    """Any names with texts: labels, annotations, data."""

    value: Text = Text(r"(?s).*", "text")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping whose fields are all known. `one_of` names fields of which exactly one is there."""

    fields: Mapping[str, "Shape"]
    required: frozenset[str] = frozenset()
    one_of: tuple[str, ...] = field(default=())


Shape = Text | Whole | Flag | ListOf | TextMap | Mapped


def choice(*values: str) -> Text:
    return Text("|".join(map(re.escape, values)), " or ".join(values))


def mapped(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Mapped:
    return Mapped({**required, **(optional or {})}, frozenset(required))


def mismatches(value: Node, shape: Shape) -> Iterator[Finding]:
    """Every difference between a value and its shape."""
    match shape:
        case ListOf():
            yield from _list_mismatches(value, shape)
        case TextMap():
            yield from _map_mismatches(value, shape)
        case Mapped():
            yield from _field_mismatches(value, shape)
        case Text() | Whole() | Flag():
            if not _fits(value, shape):
                yield value.finding(f"must be {_meaning(shape)}, not {value.value!r}")


def _fits(value: Node, shape: Text | Whole | Flag) -> bool:
    match shape:
        case Text(pattern):
            return isinstance(value.value, str) and re.fullmatch(pattern, value.value) is not None
        case Whole(lowest, highest):
            return value.whole is not None and lowest <= value.whole <= highest
        case Flag(only):
            return isinstance(value.value, bool) and only in (None, value.value)


def _meaning(shape: Text | Whole | Flag) -> str:
    match shape:
        case Text(_, meaning):
            return meaning
        case Whole(lowest, highest):
            return f"a whole number from {lowest} to {highest}"
        case Flag(only):
            return "true or false" if only is None else str(only).lower()


def _list_mismatches(value: Node, shape: ListOf) -> Iterator[Finding]:
    if not isinstance(value.value, list) or len(list(value)) < shape.least:
        yield value.finding(f"must be a list with at least {shape.least} elements")
    for element in value:
        yield from mismatches(element, shape.item)


def _map_mismatches(value: Node, shape: TextMap) -> Iterator[Finding]:
    if not isinstance(value.value, dict):
        yield value.finding("must be a mapping")
    for _, inner in value.entries():
        yield from mismatches(inner, shape.value)


def _field_mismatches(value: Node, shape: Mapped) -> Iterator[Finding]:
    if not isinstance(value.value, dict):
        yield value.finding("must be a mapping")
        return
    names = [name for name, _ in value.entries()]
    for name, inner in value.entries():
        if name in shape.fields:
            yield from mismatches(inner, shape.fields[name])
        else:
            yield inner.finding(f"is no known field; known are {', '.join(sorted(shape.fields))}")
    for name in sorted(shape.required - set(names)):
        yield value[name].finding("is required")
    if shape.one_of and len(set(names) & set(shape.one_of)) != 1:
        yield value.finding(f"must have exactly one of {', '.join(shape.one_of)}")
