"""Reads what the rules look at: the code of the functions, base, the overlays and the optional components."""

import ast
import importlib
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Final, cast

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from battlescope_events.catalog import CATALOG, TIMER
from battlescope_events.settings import EnvironmentSettings, RuntimeSettings
from battlescope_local.devtools.project import ROOT, Member, functions
from battlescope_local.manifest_checks.deployments import Deployment, Function, WholeProject
from battlescope_local.manifest_generator.files import generated_manifests
from battlescope_local.manifest_generator.reading import newest_migration
from battlescope_local.manifests.kustomize import KUSTOMIZATION, build
from battlescope_local.manifests.prerequisites import load_prerequisites
from killmail_enrich.settings import BACKFILL_BROKER

# Brokers that a function posts to beside the one of its SinkBinding.
SECOND_BROKERS: Final = {"killmail-enrich": frozenset({BACKFILL_BROKER})}


def load_project(root: Path = ROOT) -> WholeProject:
    """Build base, overlays and components of the manifests below `root`; the code is that of this checkout.

    Raises:
        ManifestError: a file is invalid.
    """
    manifests = root / "knative"
    prerequisites = load_prerequisites(manifests / "base")
    types = frozenset(kind.name for kind in CATALOG)
    folders: dict[str | None, Path] = {None: manifests / "base"}
    folders.update({folder.name: folder for folder in _kustomizations(manifests / "overlays")})
    deployments = tuple(
        Deployment(environment, build(folder, root), prerequisites, _code(), types, TIMER.name, SECOND_BROKERS)
        for environment, folder in folders.items()
    )
    components = {folder.name: build(folder, root) for folder in _kustomizations(manifests / "optional")}
    return WholeProject(root, deployments, components, tuple(generated_manifests(root)))


def _kustomizations(folder: Path) -> list[Path]:
    """Folders directly below that have a kustomization."""
    return [child for child in sorted(folder.iterdir()) if (child / KUSTOMIZATION).is_file()]


@cache
def _code() -> Mapping[str, Function]:
    """Read once for all copies of the manifests: parsing every module takes longer than the rules."""
    return {member.name: _function(member) for member in functions()}


def _function(member: Member) -> Function:
    app: Any = importlib.import_module(f"{member.package}.main").app
    settings = importlib.import_module(f"{member.package}.settings")
    main_settings = cast("type[EnvironmentSettings]", settings.Settings)
    blocks = [*_settings_classes(settings), RuntimeSettings]
    return Function(
        member.name,
        frozenset(kind.name for kind in getattr(app, "accepts", ())),
        frozenset(kind.name for kind in getattr(app, "emits", ())),
        frozenset(name for block in blocks for name in block.model_fields),
        frozenset(name for name, field in main_settings.model_fields.items() if field.is_required()),
        tuple(_words(member.folder / "src")),
        frozenset(_modules(member.folder / "src")),
        {name: _reader(field) for block in blocks for name, field in block.model_fields.items()},
        tuple(_paths(member.folder / "openapi.json")),
        newest_migration(ROOT, member.name) if (member.folder / "migrations").is_dir() else None,
    )


def _settings_classes(module: ModuleType) -> Iterator[type[EnvironmentSettings]]:
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, EnvironmentSettings):
            yield found


def _reader(field: FieldInfo) -> TypeAdapter[Any]:
    """Reads a value as the field does, with its bounds."""
    annotated: Any = Annotated[cast("Any", field.annotation), *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(annotated)


def _modules(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        yield ".".join(file.relative_to(folder).with_suffix("").parts)


def _words(folder: Path) -> Iterator[frozenset[str]]:
    """The texts in the code of each module below a folder."""
    for file in folder.rglob("*.py"):
        constants = (found for found in ast.walk(ast.parse(file.read_text())) if isinstance(found, ast.Constant))
        yield frozenset(constant.value for constant in constants if isinstance(constant.value, str))


def _paths(document: Path) -> Iterator[str]:
    if document.is_file():
        yield from json.loads(document.read_text())["paths"]
