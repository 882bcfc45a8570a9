import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_generator.declaration import Declaration
from battlescope_local.manifests.kustomize import ManifestObject, build
from battlescope_local.manifests.typed_yaml import parse


def test_template_of_a_declaration_is_valid(tmp_path: Path) -> None:
    template = re.search(r"```yaml\n(purpose:.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert template is not None
    file = tmp_path / "battle-example.yaml"
    file.write_text(template[1].replace("<name>", "battle-example"))
    declaration = parse(Declaration, file, name="battle-example")
    shown = set(re.findall(r"^[a-z_]+", template[1], re.MULTILINE))
    assert shown == set(Declaration.model_fields) - {"name", "jobs"}, "the template shows every field but `jobs`"
    assert declaration.resources.scratch is not None


def leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, member in cast("Mapping[str, object]", value).items():
            yield from leaves(member, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(cast("list[object]", value)):
            yield from leaves(item, (*path, str(number)))
    else:
        yield path, str(value)


def values(objects: tuple[ManifestObject, ...]) -> dict[tuple[str, ...], str]:
    return {path: value for found in objects for path, value in leaves(found.raw, (found.kind, found.name))}


@pytest.fixture(scope="module")
def differences() -> set[tuple[str, str]]:
    """Values of staging and production where they differ; "none" where one has no such field."""
    staging, production = (
        values(build(ROOT / "knative" / "overlays" / environment, ROOT / "knative"))
        for environment in ("staging", "production")
    )
    pairs = {(staging.get(path, "none"), production.get(path, "none")) for path in staging.keys() | production.keys()}
    return {(first, second) for first, second in pairs if first != second}


def test_table_lists_every_difference_of_the_overlays(differences: set[tuple[str, str]]) -> None:
    text = (ROOT / "knative" / "README.md").read_text()
    table = text.partition("## What differs between the environments")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[2:4]] for line in table.splitlines() if line.startswith("| ")]
    listed = set[tuple[str, str]]()
    for staging, production in rows[1:]:
        first, second = (re.findall(r"`([^`]*)`", cell) or [cell] for cell in (staging, production))
        listed |= {pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]}
    shortened = {tuple(re.sub(r"\(.*\)", "(…)", value) for value in pair) for pair in differences}
    assert shortened == listed
