"""Documents of a kustomization: its objects and their namespaces."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import yaml

from battlescope_local.manifests.fields import Fields, ManifestError, SourceLocation

KUSTOMIZATION: Final = "kustomization.yaml"
# Annotations for people only.
IGNORED_ANNOTATIONS: Final = ("kubernetes.io/description",)


@dataclass(frozen=True, slots=True)
class Document:
    """One object: its metadata, and its other fields, which the caller reads."""

    kind: str
    api_version: str
    name: str
    namespace: str
    annotations: Fields
    labels: dict[str, str]
    fields: Fields


def documents(folder: Path, root: Path | None = None, namespace: str | None = None) -> Iterator[Document]:
    """Every object of a kustomization and of those it lists; the outermost namespace applies, as in kustomize."""
    top = root or folder
    file = folder / KUSTOMIZATION
    if not file.is_file():
        raise ManifestError(f"{file}: There is no such file.")
    display_path = _display_path(file, top)
    raw = _parse(file, display_path)
    if len(raw) != 1:
        raise ManifestError(f"{display_path}: must hold exactly one document")
    with Fields(raw[0], SourceLocation(display_path, "Kustomization")) as fields:
        fields.ignore(("apiVersion", "kind"))
        own_namespace = fields.text("namespace", "") or None
        resources = [(folder / entry, fields.location / "resources") for entry in fields.texts("resources")]
    for path, location in resources:
        yield from _resource(path, location, top, namespace or own_namespace)


def _resource(path: Path, location: SourceLocation, root: Path, namespace: str | None) -> Iterator[Document]:
    if path.is_dir():
        yield from documents(path, root, namespace)
    elif path.is_file():
        display_path = _display_path(path, root)
        for raw in _parse(path, display_path):
            if raw is not None:
                yield _document(raw, display_path, namespace)
    else:
        location.fail(f"{path.name} does not exist")


def _display_path(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _parse(file: Path, display_path: str) -> list[object]:
    try:
        return cast("list[object]", list(yaml.safe_load_all(file.read_text())))
    except yaml.YAMLError as error:
        raise ManifestError(f"{display_path}: is not YAML: {error}") from error


def _document(raw: object, file: str, namespace: str | None) -> Document:
    fields = Fields(raw, SourceLocation(file, "object"))
    kind, version = fields.text("kind"), fields.text("apiVersion")
    with Fields(fields.take("metadata"), SourceLocation(file, kind, "metadata")) as metadata:
        name = metadata.text("name")
        location = SourceLocation(file, f"{kind} {name}")
        own_namespace = metadata.text("namespace", namespace or "default")
        annotations = Fields(metadata.take("annotations") or {}, location / "metadata.annotations")
        annotations.ignore(IGNORED_ANNOTATIONS)
        labels = dict(metadata.text_map("labels"))
    fields.location = location
    return Document(kind, version, name, namespace or own_namespace, annotations, labels, fields)
