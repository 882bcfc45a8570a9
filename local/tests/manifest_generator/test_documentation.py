import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
from declared_project import add_migration

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_generator.declaration import Declaration
from battlescope_local.manifest_generator.files import HAND_WRITTEN, generated_manifests
from battlescope_local.manifests import load
from battlescope_local.manifests.kustomize import ManifestObject, build


@pytest.fixture(scope="module")
def template() -> str:
    """The declaration that CONTRIBUTING.md shows."""
    found = re.search(r"```yaml\n(purpose:.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_template_shows_every_field_but_jobs(template: str) -> None:
    shown = set(re.findall(r"^[a-z_]+", template, re.MULTILINE))
    assert shown == set(Declaration.model_fields) - {"name", "jobs"}


def test_declaration_from_the_template_becomes_manifests_that_local_mode_reads(project: Path, template: str) -> None:
    name, base = "example-test", project / "knative" / "base"
    declaration = template.replace("<name>", name).replace("/api/battles", "/api/examples")
    declaration = declaration.replace("context: battles", "context: example")
    (project / "knative" / "declarations" / f"{name}.yaml").write_text(declaration)
    add_migration(project, name, "20260101000000_pre_first")
    add_prerequisites(base / "prerequisites.yaml", name)
    for path, text in generated_manifests(project):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for hand_written in HAND_WRITTEN:
        shutil.copy(ROOT / "knative" / "base" / hand_written, base)
    manifests = load(base)
    (service,) = [service for service in manifests.services if service.name == name]
    assert service.container.env_from_secrets == (f"{name}-database", "archive", "cache")
    assert [route.service for route in manifests.routes if route.path == "/api/examples"] == [name]
    assert "migrate-example" in {job.name for job in manifests.jobs}


def add_prerequisites(file: Path, name: str) -> None:
    text = file.read_text()
    database = f"databases:\n  - {{name: battlescope_example, owner: {name}, roles: [{name}]}}"
    secret = f"secrets:\n  - {{name: {name}-database, keys: [DATABASE_URL]}}"
    file.write_text(text.replace("databases:", database).replace("\nsecrets:", f"\n{secret}"))


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
