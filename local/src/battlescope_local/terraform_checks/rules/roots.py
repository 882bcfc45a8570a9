"""Roots cannot share variables and providers, so that what must be the same in several of them is compared."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import Block, Configuration, Module
from battlescope_local.terraform_checks.schemas import Schemas

TRIED, USED = "environments/staging", "environments/production"
PARTS: Final = ("", "/platform")
INSTALLATION: Final = "modules/installation"


def production_is_what_staging_tries(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A provider, an input or a call that production alone has was never tried; only names and defaults differ."""
    for part in PARTS:
        tried, used = configuration.modules[TRIED + part], configuration.modules[USED + part]
        yield from _differences(used, _comparable(used), _comparable(tried))


def _comparable(root: Module) -> dict[tuple[str, ...], tuple[Block, Mapping[str, Any]]]:
    """Blocks by kind and labels, with what of them must be the same in both environments."""
    environment = root.name.split("/")[1]
    return {(block.kind, *block.labels): (block, _without_default(block, environment)) for block in root.blocks}


def _without_default(block: Block, environment: str) -> dict[str, Any]:
    body: dict[str, Any] = _named(dict(block.body), environment)
    return {name: value for name, value in body.items() if (block.kind, name) != ("variable", "default")}


def _named(value: Any, environment: str) -> Any:
    """The value with a word instead of the name of the environment."""
    if isinstance(value, str):
        return value.replace(environment, "ENVIRONMENT")
    if isinstance(value, list):
        return [_named(item, environment) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _named(item, environment) for name, item in cast("dict[str, Any]", value).items()}
    return value


def _differences(
    used: Module,
    blocks: Mapping[tuple[str, ...], tuple[Block, Mapping[str, Any]]],
    tried: Mapping[tuple[str, ...], tuple[Block, Mapping[str, Any]]],
) -> Iterator[Finding]:
    for key, (block, body) in blocks.items():
        if key not in tried:
            yield block.finding("", f"is not in {TRIED}")
            continue
        other = tried[key][1]
        for name in sorted(name for name in {*body, *other} if body.get(name) != other.get(name)):
            yield block.finding(name, f"must be that of {TRIED}")
    for key in sorted(tried.keys() - blocks.keys()):
        yield tried[key][0].finding("", f"is not in {used.name}")


def inputs_are_those_of_the_installation(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A root passes its inputs on: another type or limit there refuses what the module takes, or tells it too late."""
    inputs = {block.labels: block.body for block in configuration.modules[INSTALLATION].of_kind("variable")}
    for name in (TRIED, USED):
        for block in configuration.modules[name].of_kind("variable"):
            expected = inputs.get(block.labels)
            if expected is None:
                yield block.finding("", f"is no input of {INSTALLATION}")
            elif expected != block.body:
                yield block.finding("", f"must be the variable of {INSTALLATION}")
