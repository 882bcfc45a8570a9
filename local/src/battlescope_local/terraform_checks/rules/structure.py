"""Blocks of Terraform itself have the attributes that Terraform knows; providers describe only their own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import Block, Configuration, Module, nested_blocks, object_keys
from battlescope_local.terraform_checks.expressions import expressions, references, strings
from battlescope_local.terraform_checks.schemas import Schemas

# By kind of block: attributes and blocks with True where they are required.
KNOWN: Final[Mapping[str, Mapping[str, bool]]] = {
    "variable": {
        "type": True, "description": True, "default": False, "sensitive": False, "nullable": False, "ephemeral": False,
        "validation": False,
    },
    "output": {"value": True, "description": True, "sensitive": False, "depends_on": False, "precondition": False},
    "validation": {"condition": True, "error_message": True},
    "precondition": {"condition": True, "error_message": True},
    "terraform": {"required_version": True, "required_providers": False, "backend": False},
}  # fmt: skip
ATTRIBUTE: Final = re.compile(r"(\w+) = ")
READ: Final = re.compile(r"\.(\w+)")
OBJECT: Final = re.compile(r"^\$\{(?:list\()?object\(\{(?P<fields>.*)\}\)\)?\}$", re.DOTALL)


def known_structure(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A misspelt `condition` or `default` is an error of Terraform, and a missing one leaves a value unchecked."""
    for module in configuration.modules.values():
        for block in module.blocks:
            yield from (block.finding(path, sentence) for path, sentence in _faults(block.kind, block.body))


def _faults(kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = KNOWN.get(kind)
    if known is not None:
        for name in body.keys() - known.keys():
            yield name, f"is no attribute of {kind}"
        for name in sorted(name for name, required in known.items() if required and name not in body):
            yield name, "is required"
    for name, value in body.items():
        for item in nested_blocks(value) if name in {*KNOWN, "lifecycle"} else []:
            yield from ((f"{name}.{path}", sentence) for path, sentence in _faults(name, item))


def attributes_of_objects(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """An attribute that the type of a variable does not have is missing when somebody runs it."""
    for module in configuration.modules.values():
        types = {block.labels[0]: _fields(block) for block in module.of_kind("variable")}
        for block, found in _variables_in(module):
            fields = types.get(found.name)
            if fields is not None and found.attribute and found.attribute not in fields:
                yield block.finding("", f"the type of var.{found.name} has no attribute {found.attribute}")
        yield from _passed_objects(configuration, module)
        for block in module.of_kind("variable"):
            given, fields = object_keys(block.body.get("default")), types[block.labels[0]]
            if given is not None and fields is not None and given != fields:
                yield block.finding("default", "must have the attributes of the type")


def _variables_in(module: Module) -> Iterator[tuple[Block, Any]]:
    for block in module.blocks:
        for found in dict.fromkeys(references(block.body)):
            if found.head == "var":
                yield block, found


def _passed_objects(configuration: Configuration, module: Module) -> Iterator[Finding]:
    """Objects written in a call have the attributes of the variable that takes them."""
    for call in module.of_kind("module"):
        target = configuration.target(module, call)
        for block in target.of_kind("variable") if target else []:
            given, fields = object_keys(call.body.get(block.labels[0])), _fields(block)
            if given is not None and fields is not None:
                for name in sorted(given ^ fields):
                    yield call.finding(
                        f"{block.labels[0]}.{name}", "must be in the call and in the type of the variable"
                    )


def attributes_are_read(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """An attribute that neither the module nor its callers read promises an operator what does not happen."""
    for module in configuration.modules.values():
        templates = list(_templates(module))
        callers = [caller for caller in configuration.modules.values() if _calls(configuration, caller, module)]
        read = _attributes_read([*templates, *(template for caller in callers for template in _templates(caller))])
        for block in module.of_kind("variable"):
            if f"${{var.{block.labels[0]}}}" not in templates:  # else the module that takes the whole object reads it
                for name in sorted(set(ATTRIBUTE.findall(str(block.body.get("type")))) - read):
                    yield block.finding(f"type.{name}", "has no effect: nothing reads it")


def _templates(module: Module) -> Iterator[str]:
    for block in module.blocks:
        yield from strings({name: value for name, value in block.body.items() if name != "type"})


def _calls(configuration: Configuration, caller: Module, module: Module) -> bool:
    return any(configuration.target(caller, call) is module for call in caller.of_kind("module"))


def _attributes_read(templates: Iterable[str]) -> set[str]:
    return {name for template in templates for code in expressions(template) for name in READ.findall(code)}


def _fields(block: Block) -> set[str] | None:
    """Names directly in the object type of a variable; None for other types."""
    match = OBJECT.match(str(block.body.get("type")))
    if match is None or str(block.body.get("type")).startswith("${list("):
        return None
    depth, names = 0, set[str]()
    for part in re.finditer(r"[({]|[)}]|(\w+) = ", match["fields"]):
        if part[1] and depth == 0:
            names.add(part[1])
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(part[0], 0)
    return names
