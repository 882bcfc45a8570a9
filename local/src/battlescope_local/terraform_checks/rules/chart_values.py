"""Releases of charts set values that their charts read, and all that the installation needs of them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, cast

import hcl2

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.charts import CHARTS
from battlescope_local.terraform_checks.configuration import Block, Configuration, text, without_marks
from battlescope_local.terraform_checks.schemas import Schemas

YAML: Final = re.compile(r"^\$\{yamlencode\((?P<value>\{.*\})\)\}$", re.DOTALL)
# An entry of `set` in an expression that makes one for each item of a list.
ENTRY: Final = re.compile(r"\{name = \"(?P<path>[^\"]+)\", value = ")
INDEX: Final = re.compile(r"\[[^\]]*\]")


def values_are_read_by_the_chart(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Helm ignores what no template reads: a misspelt value, or one that an upgrade of the chart renamed."""
    for release in _releases(configuration):
        name = text(release.body.get("chart"))
        chart = CHARTS.get(name)
        if chart is None or text(release.body.get("version")) != chart.version:
            yield release.finding("version", f"charts.py must say which values {name} reads in this version")
            continue
        for path in sorted(_values(release)):
            if not {path, f"{path.rpartition('.')[0]}.*"} & chart.accepted:
                yield release.finding(f"values.{path}", f"is no value that {name} is known to read (charts.py)")


def needed_values_are_set(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Without them a chart installs what its default is, which is wrong here and fails later or never."""
    for release in _releases(configuration):
        chart = CHARTS.get(text(release.body.get("chart")))
        needed = chart.needed if chart else dict[str, str]()
        for path in sorted(needed.keys() - _values(release)):
            yield release.finding(f"values.{path}", f"must be set: without it, {needed[path]}")


def _releases(configuration: Configuration) -> Iterator[Block]:
    for module in configuration.modules.values():
        yield from module.resources("helm_release")


def _values(release: Block) -> set[str]:
    """Paths of the values that a release sets, by YAML and one by one."""
    paths = set[str]()
    for document in cast("list[Any]", release.body.get("values", [])):
        paths |= set(_paths(_parsed(str(document)), ""))
    for name in ("set", "set_sensitive"):
        paths |= {INDEX.sub("[]", path) for path in _names(release.body.get(name))}
    return paths


@cache
def _parsed(document: str) -> Any:
    """The object that `yamlencode` takes; None for a document that is only known when Terraform runs."""
    match = YAML.match(document)
    if match is None:
        return None
    parsed = cast("dict[str, Any]", hcl2.loads(f"values = {match['value']}"))  # pyright: ignore[reportUnknownMemberType]  # of the library
    return parsed["values"]


def _paths(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield path
        return
    for name, inner in without_marks(cast("dict[str, Any]", value)).items():
        yield from _paths(inner, f"{path}.{name}".lstrip("."))


def _names(entries: Any) -> Iterator[str]:
    """The names in `set` that have a value, written out or in an expression that makes them."""
    if isinstance(entries, str):
        yield from ENTRY.findall(entries)
        return
    for entry in cast("list[dict[str, Any]]", entries or []):
        if {"name", "value"} <= entry.keys():
            yield text(entry["name"])
