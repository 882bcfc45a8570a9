"""READMEs of functions name settings that exist, with the defaults that the code or the manifests have."""

import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
import yaml
from pydantic_core import PydanticUndefined

from battlescope_local.devtools.project import ROOT, functions

FUNCTIONS: Final = [function.name for function in functions()]
SETTING: Final = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
# `NAME` (570: why …), or a row of a table with the columns Variable, Default and Meaning.
IN_BRACKETS: Final = re.compile(r"`([A-Z][A-Z0-9_]+)`(?:\*\*)? \((\d[\d.]*)")
ROW: Final = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
CONFIGURATION: Final = re.compile(r"^## Configuration$.+?^## |^\| Configuration \|.+?$", re.MULTILINE | re.DOTALL)


@cache
def readme(function: str) -> str:
    return (ROOT / "functions" / function / "README.md").read_text()


@cache
def defaults(function: str) -> dict[str, object]:
    """The default of each setting by its name in the environment; the manifest's value where the code has none."""
    settings: Any = importlib.import_module(f"{function.replace('-', '_')}.settings").Settings
    values = {name.upper(): field.default for name, field in settings.model_fields.items()}
    declared = {**config_maps(), **declared_environment(function)}
    return {name: declared.get(name) if value is PydanticUndefined else value for name, value in values.items()}


@cache
def config_maps() -> dict[str, str]:
    documents = yaml.safe_load_all((ROOT / "knative" / "base" / "config.yaml").read_text())
    return {name: value for document in documents for name, value in document.get("data", {}).items()}


def declared_environment(function: str) -> dict[str, str]:
    declaration = yaml.safe_load((ROOT / "knative" / "declarations" / f"{function}.yaml").read_text())
    entries = declaration.get("env", {}).items()
    return {name: entry["value"] if isinstance(entry, dict) else entry for name, entry in entries}


def stated_defaults(function: str) -> Iterator[tuple[str, str]]:
    yield from IN_BRACKETS.findall(readme(function))
    yield from ROW.findall(readme(function))


def is_default(stated: str, default: object) -> bool:
    if stated == "empty":
        return not default
    try:
        return float(stated) == float(str(default))
    except ValueError:
        return stated.strip("`") == str(default)


STATED: Final = [(function, *stated) for function in FUNCTIONS for stated in stated_defaults(function)]


@pytest.mark.parametrize(("function", "name", "stated"), STATED)
def test_stated_default_is_that_of_the_code(function: str, name: str, stated: str) -> None:
    assert name in defaults(function)
    assert is_default(stated, defaults(function)[name]), f"{name} is {defaults(function)[name]}, not {stated}"


def test_defaults_are_stated_somewhere() -> None:
    """Otherwise the patterns above find nothing any more."""
    assert {"FEED_MAX_RATE", "BATCH_THRESHOLD", "STREAM_SECONDS", "STANDBY_SOURCE"} <= {name for _, name, _ in STATED}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_named_settings_exist(function: str) -> None:
    (configuration,) = CONFIGURATION.findall(readme(function))
    assert set(SETTING.findall(configuration)) - defaults(function).keys() == set()
