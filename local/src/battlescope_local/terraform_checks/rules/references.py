"""What expressions refer to exists, and what is declared is used."""

from collections.abc import Iterator, Mapping
from typing import Any

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import Block, Configuration, Module, without_marks
from battlescope_local.terraform_checks.expressions import Reference, references
from battlescope_local.terraform_checks.schemas import Schemas

ARGUMENTS_OF_TERRAFORM = frozenset({"source", "version", "count", "for_each", "depends_on", "providers"})


def existing_references(configuration: Configuration, schemas: Schemas) -> Iterator[Finding]:
    """Terraform refuses a reference to nothing, but only when somebody runs it."""
    for module in configuration.modules.values():
        for block in module.blocks:
            for reference in dict.fromkeys(references(block.body)):
                if sentence := _missing(configuration, module, reference, schemas):
                    yield block.finding("", sentence)


def _missing(configuration: Configuration, module: Module, reference: Reference, schemas: Schemas) -> str:
    name = f"{reference.head}.{reference.name}"
    if reference.head == "var":
        return "" if reference.name in module.names("variable") else f"{name} is no variable of the module"
    if reference.head == "local":
        return "" if reference.name in module.local_values() else f"{name} is no local value of the module"
    if reference.head == "module":
        return _missing_output(configuration, module, reference)
    kind = "data" if reference.head.startswith("data.") else "resource"
    labels = (reference.head.removeprefix("data."), reference.name)
    if all(block.labels != labels for block in module.of_kind(kind)):
        return f"{name} is no {kind} of the module"
    return _missing_attribute(
        labels[0], reference.attribute, schemas.data_sources if kind == "data" else schemas.resources
    )


def _missing_output(configuration: Configuration, module: Module, reference: Reference) -> str:
    call = next((call for call in module.of_kind("module") if call.labels[0] == reference.name), None)
    if call is None:
        return f"module.{reference.name} is not called"
    target = configuration.target(module, call)
    if target is None or not reference.attribute or reference.attribute in target.names("output"):
        return ""
    return f"module.{reference.name} has no output {reference.attribute}"


def _missing_attribute(kind: str, attribute: str, schemas: Mapping[str, Any]) -> str:
    if kind not in schemas or not attribute:
        return ""
    block = schemas[kind]["block"]
    known = {*block.get("attributes", {}), *block.get("block_types", {})}
    return "" if attribute in known else f"{kind} has no attribute {attribute}"


def declared_is_used(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A variable without effect promises an operator what does not happen."""
    for module in configuration.modules.values():
        used = {(found.head, found.name) for block in module.blocks for found in _outside(block)}
        for block in module.of_kind("variable"):
            if ("var", block.labels[0]) not in used:
                yield block.finding("", "has no effect: nothing refers to it")
        for name in module.local_values():
            if ("local", name) not in used:
                yield Finding(f"terraform/{module.name}", "", f"local.{name}", "nothing refers to it")


def _outside(block: Block) -> Iterator[Reference]:
    """References of a block, but not those of a variable to itself in its validation."""
    own = ("var", block.labels[0]) if block.kind == "variable" else None
    return (found for found in references(block.body) if (found.head, found.name) != own)


def calls_fit_modules(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A call with an unknown or without a required argument is refused when somebody runs it."""
    for module in configuration.modules.values():
        for call in module.of_kind("module"):
            target = configuration.target(module, call)
            if target is None:
                yield call.finding("source", "is no folder of modules/")
                continue
            variables = {block.labels[0]: block for block in target.of_kind("variable")}
            passed = set(without_marks(call.body)) - ARGUMENTS_OF_TERRAFORM
            for name in sorted(passed - variables.keys()):
                yield call.finding(name, f"is no variable of {target.name}")
            for name in sorted(name for name, block in variables.items() if "default" not in block.body):
                if name not in passed:
                    yield call.finding(name, f"is required by {target.name}")


def modules_are_called(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A module that no root reaches is never applied."""
    reached = {name for name, module in configuration.modules.items() if module.is_root}
    waiting = list(reached)
    while waiting:
        module = configuration.modules[waiting.pop()]
        targets = {target.name for call in module.of_kind("module") if (target := configuration.target(module, call))}
        waiting += targets - reached
        reached |= targets
    for name in sorted(configuration.modules.keys() - reached):
        yield Finding(f"terraform/{name}", "", "", "no root calls this module")
