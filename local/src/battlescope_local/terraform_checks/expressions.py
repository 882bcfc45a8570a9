"""References in expressions: what a value of a configuration is computed from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from battlescope_local.terraform_checks.configuration import MARKS

# `var.name`, `local.name`, `module.name[0].output`, `data.type.name.attribute`, `type_of.name[key].attribute`.
REFERENCE: Final = re.compile(
    r"(?<![\w.\-\]])(?P<head>data\.[a-z]\w*|var|local|module|[a-z][a-z0-9]*_\w+)\.(?P<name>[A-Za-z_][\w-]*)"
    r"(?:\[[^\[\]]*\])?(?:\.(?P<attribute>[A-Za-z_][\w-]*))?"
)
INDEX: Final = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Reference:
    """What is referred to: `head` is var, local, module, the type of a resource, or `data.` and a type."""

    head: str
    name: str
    attribute: str


def references(value: Any) -> Iterator[Reference]:
    """Every reference in a value, at any depth."""
    for template in strings(value):
        for code in expressions(template):
            for part in (code, *INDEX.findall(code)):
                for match in REFERENCE.finditer(part):
                    yield Reference(match["head"], match["name"], match["attribute"] or "")


def strings(value: Any) -> Iterator[str]:
    """Every string in a value, keys of objects included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from strings(item)
    elif isinstance(value, Mapping):
        for name, item in cast("Mapping[str, Any]", value).items():
            if name not in MARKS:
                yield name
                yield from strings(item)


def expressions(template: str) -> Iterator[str]:
    """The code of each `${…}` of a template, without the literals in it, and then the code inside these."""
    position = 0
    while (begin := template.find("${", position)) >= 0:
        if begin > 0 and template[begin - 1] == "$":
            position = begin + 2
            continue
        code, inner, position = _code(template, begin + 2)
        yield code
        for literal in inner:
            yield from expressions(literal)


def _code(template: str, begin: int) -> tuple[str, list[str], int]:
    """Code from `begin` to its closing brace, with empty strings; the strings; and the position behind it."""
    code, literals = list[str](), list[str]()
    depth, position = 1, begin
    while position < len(template):
        character = template[position]
        if character == '"':
            end = _end_of_string(template, position + 1)
            literals.append(template[position + 1 : end])
            code.append('""')
            position = end + 1
            continue
        depth += {"{": 1, "}": -1}.get(character, 0)
        position += 1
        if depth == 0:
            break
        code.append(character)
    return "".join(code), literals, position


def _end_of_string(template: str, begin: int) -> int:
    """Position of the quote that closes the string whose content begins at `begin`."""
    position = begin
    while position < len(template) and template[position] != '"':
        if template[position] == "\\":
            position += 2
        elif template.startswith("${", position):
            position = _code(template, position + 2)[2]
        else:
            position += 1
    return position


def literals(value: Any) -> Iterator[str]:
    """Every literal string in a value: whole ones, and those inside expressions."""
    for template in strings(value):
        if template.startswith('"') and "${" not in template:
            yield template.strip('"')
        position = 0
        while (begin := template.find("${", position)) >= 0:
            _, inner, position = _code(template, begin + 2)
            yield from inner
