"""Variables, outputs and versions say what an operator has to know, and what may not change by itself."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import Block, Configuration, Module, text, without_marks
from battlescope_local.terraform_checks.expressions import Reference, references
from battlescope_local.terraform_checks.schemas import Schemas

PINNED: Final = re.compile(r"^v?\d+\.\d+\.\d+$")
BOUNDED: Final = re.compile(r"^(~> )?\d+\.\d+(\.\d+)?$")
SHORTEST_MEANING: Final = 10  # characters; less is the name again
# Resources whose value is a secret.
SECRET_RESOURCES: Final = frozenset({"random_password", "random_bytes"})


def described_variables(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """An operator reads the declaration: type and meaning of each variable stand there."""
    for module in configuration.modules.values():
        for block in (*module.of_kind("variable"), *module.of_kind("output")):
            if len(text(block.body.get("description"))) < SHORTEST_MEANING:
                yield block.finding("description", "must say what the value means")
            if block.kind == "variable" and not block.body.get("type"):
                yield block.finding("type", "is required: without it every value is accepted")


def validated_variables(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A wrong value is found before anything is made; a value of `bool` is right by its type."""
    for module in configuration.modules.values():
        for block in module.of_kind("variable"):
            if block.body.get("type") != "bool" and not block.body.get("validation") and not _is_own_list(block):
                yield block.finding("validation", "is required for every type but bool")


def _is_own_list(block: Block) -> bool:
    """Lists that come from prerequisites.yaml as they are, which its own reader has validated."""
    return "prerequisites.yaml" in text(block.body.get("description")) and "default" not in block.body


def pinned_versions(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A newer provider or chart changes an installation that nobody touched."""
    for module in configuration.modules.values():
        settings = module.of_kind("terraform")
        if not any(text(block.body.get("required_version")).startswith(">= ") for block in settings):
            yield Finding(f"terraform/{module.name}", "terraform", "required_version", "must name the oldest Terraform")
        pattern = PINNED if module.is_root else BOUNDED
        for name, provider in _required_providers(module).items():
            version = text(without_marks(provider).get("version"))
            if not pattern.match(version):
                what = "one version" if module.is_root else "a version, such as ~> 1.2"
                yield Finding(f"terraform/{module.name}", "required_providers", name, f"must name {what}")
        for release in module.resources("helm_release"):
            if not PINNED.match(text(release.body.get("version"))):
                yield release.finding("version", "must be one version of the chart")


def declared_providers(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Terraform guesses the source of a provider that no module names, and guesses hashicorp/."""
    sources = Counter(
        (name, text(without_marks(provider).get("source")))
        for module in configuration.modules.values()
        for name, provider in _required_providers(module).items()
    )
    usual = {name: source for (name, source), _ in reversed(sources.most_common())}
    for module in configuration.modules.values():
        for name, provider in _required_providers(module).items():
            if text(without_marks(provider).get("source")) != usual[name]:
                yield Finding(
                    f"terraform/{module.name}",
                    "required_providers",
                    name,
                    f"must have the source {usual[name]}, like the others",
                )
        used = {block.labels[0].partition("_")[0] for kind in ("resource", "data") for block in module.of_kind(kind)}
        for name in sorted(used - {"terraform"} - _required_providers(module).keys()):
            yield Finding(f"terraform/{module.name}", "required_providers", name, "is missing")
        if module.is_root:
            needed = set[str]().union(*(_required_providers(found).keys() for found in _reached(configuration, module)))
            for name in sorted(needed - _required_providers(module).keys()):
                yield Finding(f"terraform/{module.name}", "required_providers", name, "is missing: a module needs it")


def _reached(configuration: Configuration, module: Module) -> Iterator[Module]:
    yield module
    for call in module.of_kind("module"):
        if target := configuration.target(module, call):
            yield from _reached(configuration, target)


def _required_providers(module: Module) -> dict[str, Any]:
    found = dict[str, Any]()
    for block in module.of_kind("terraform"):
        for entry in block.body.get("required_providers", []):
            found |= without_marks(entry)
    return found


def secrets_are_sensitive(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """What is not marked stands in every plan, and so in the log of a pipeline."""
    for module in configuration.modules.values():
        for block in module.of_kind("output"):
            if block.body.get("sensitive") is not True and _is_secret(
                configuration, module, block.body.get("value"), set()
            ):
                yield block.finding("sensitive", "must be true: the value holds a secret")


def _is_secret(configuration: Configuration, module: Module, value: Any, seen: set[Reference]) -> bool:
    for reference in set(references(value)) - seen:
        seen.add(reference)
        if _refers_to_secret(configuration, module, reference, seen):
            return True
    return False


def _refers_to_secret(configuration: Configuration, module: Module, reference: Reference, seen: set[Reference]) -> bool:
    if reference.head in SECRET_RESOURCES:
        return reference.attribute in {"", "result", "hex", "base64"}
    if reference.head == "var":
        return any(
            block.labels[0] == reference.name and block.body.get("sensitive") is True
            for block in module.of_kind("variable")
        )
    if reference.head == "local":
        return _is_secret(configuration, module, module.local_values().get(reference.name), seen)
    if reference.head == "module":
        call = next((found for found in module.of_kind("module") if found.labels[0] == reference.name), None)
        target = configuration.target(module, call) if call else None
        outputs = target.of_kind("output") if target else []
        return any(block.labels[0] == reference.attribute and block.body.get("sensitive") is True for block in outputs)
    return reference.head == "data.kubernetes_secret_v1" and reference.attribute in {"", "data"}


def secret_variables_are_sensitive(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A plan prints the value of a variable that is not marked."""
    for module in configuration.modules.values():
        for block in module.of_kind("variable"):
            words = f"{block.labels[0]} {block.body.get('type')}"
            secret = re.search(r"password(?!_generation)|secret_key|credentials", words)
            if secret and block.body.get("sensitive") is not True:
                yield block.finding("sensitive", f"must be true: it holds {secret[0]}")
