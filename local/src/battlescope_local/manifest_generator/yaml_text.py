"""Kubernetes objects as YAML in block style, with comments above what they explain."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import yaml

MAX_COLUMNS: Final = 120
# Text that a parser of Go reads as a number, as 1e3, and Python's does not.
NUMBER: Final = re.compile(r"[-+.]?[0-9][0-9a-fA-FxXoO_.+-]*")

Value: TypeAlias = "str | int | bool | Mapping[str, Node] | Sequence[Node]"
Node: TypeAlias = "Value | Commented"


@dataclass(frozen=True, slots=True)
class Commented:
    """A value with a comment above its key or list item; without a comment it is the value alone."""

    value: Value
    comment: str | None


def documents_text(header: str, documents: Sequence[Node]) -> str:
    """YAML documents below a header; a comment of a document stands above it."""
    parts = ["\n".join(_lines(document, 0)) for document in documents]
    return "\n".join([*_comment_lines(header, 0), "\n---\n".join(parts)]) + "\n"


def _lines(node: Node, indent: int) -> Iterator[str]:
    value, comment = (node.value, node.comment) if isinstance(node, Commented) else (node, None)
    if comment:
        yield from _comment_lines(comment, indent)
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _member(_scalar(key) + ":", member, indent)
    elif isinstance(value, str | int):
        yield " " * indent + _scalar(value)
    else:
        for item in value:
            yield from _item(item, indent)


def _member(key: str, node: Node, indent: int) -> Iterator[str]:
    value, comment = (node.value, node.comment) if isinstance(node, Commented) else (node, None)
    if comment:
        yield from _comment_lines(comment, indent)
    if isinstance(value, str | int):
        yield f"{' ' * indent}{key} {_scalar(value)}"
    elif not value:
        yield f"{' ' * indent}{key} {'{}' if isinstance(value, Mapping) else '[]'}"
    else:
        yield " " * indent + key
        yield from _lines(value, indent + 2)


def _item(node: Node, indent: int) -> Iterator[str]:
    value, comment = (node.value, node.comment) if isinstance(node, Commented) else (node, None)
    if comment:
        yield from _comment_lines(comment, indent)
    if not isinstance(value, str | int) and not value:
        yield f"{' ' * indent}- {'{}' if isinstance(value, Mapping) else '[]'}"
        return
    first_line = True
    for line in _lines(value, indent + 2):
        if not first_line:
            yield line
        elif line.lstrip().startswith("#"):
            yield line[2:]  # a comment of the first key stands above the dash
        else:
            yield f"{' ' * indent}- {line[indent + 2 :]}"
            first_line = False


def _comment_lines(text: str, indent: int) -> Iterator[str]:
    prefix = " " * indent + "# "
    yield from textwrap.wrap(
        text,
        MAX_COLUMNS,
        initial_indent=prefix,
        subsequent_indent=prefix,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _scalar(value: str | int) -> str:
    """A scalar on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _text(value)


@cache  # PyYAML takes a third of a millisecond, and most texts are names that every manifest has
def _text(value: str) -> str:
    """Quoted only where YAML would read it as something else."""
    plain = yaml.safe_dump(value, width=10**9).splitlines()[0]
    if plain == value and not NUMBER.fullmatch(value):
        return value
    return yaml.safe_dump(value, width=10**9, default_style='"').splitlines()[0]
