"""Kustomizations to documents: which objects there are, and in which namespace."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import yaml

from battlescope_local.manifests.fields import Fields, ManifestError, SourceLocation

KUSTOMIZATION: Final = "kustomization.yaml"
# Annotations that only people read.
REMARKS: Final = ("kubernetes.io/description",)


@dataclass(frozen=True, slots=True)
class Document:
    """One object: its head, and its remaining fields still to be read."""

    kind: str
    api_version: str
    name: str
    namespace: str
    annotations: Fields
    labels: dict[str, str]
    fields: Fields


def documents(folder: Path, root: Path | None = None, namespace: str | None = None) -> Iterator[Document]:
    """Every object of a kustomization and of those it lists; the outermost namespace holds, as in kustomize."""
    top = root or folder
    file = folder / KUSTOMIZATION
    if not file.is_file():
        raise ManifestError(f"{file}: There is no such file.")
    shown = _shown(file, top)
    raw = _parsed(file, shown)
    if len(raw) != 1:
        raise ManifestError(f"{shown}: must hold exactly one document")
    with Fields(raw[0], SourceLocation(shown, "Kustomization")) as fields:
        fields.ignore(("apiVersion", "kind"))
        own = fields.text("namespace", "") or None
        resources = [(folder / entry, fields.place / "resources") for entry in fields.texts("resources")]
    for path, place in resources:
        yield from _resource(path, place, top, namespace or own)


def _resource(path: Path, place: SourceLocation, root: Path, namespace: str | None) -> Iterator[Document]:
    if path.is_dir():
        yield from documents(path, root, namespace)
    elif path.is_file():
        shown = _shown(path, root)
        for raw in _parsed(path, shown):
            if raw is not None:
                yield _document(raw, shown, namespace)
    else:
        place.fail(f"{path.name} does not exist")


def _shown(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _parsed(file: Path, shown: str) -> list[object]:
    try:
        return cast("list[object]", list(yaml.safe_load_all(file.read_text())))
    except yaml.YAMLError as error:
        raise ManifestError(f"{shown}: is not YAML: {error}") from error


def _document(raw: object, file: str, namespace: str | None) -> Document:
    fields = Fields(raw, SourceLocation(file, "object"))
    kind, version = fields.text("kind"), fields.text("apiVersion")
    with Fields(fields.take("metadata"), SourceLocation(file, kind, "metadata")) as metadata:
        name = metadata.text("name")
        place = SourceLocation(file, f"{kind} {name}")
        own = metadata.text("namespace", namespace or "default")
        annotations = Fields(metadata.take("annotations") or {}, place / "metadata.annotations")
        annotations.ignore(REMARKS)
        labels = dict(metadata.text_map("labels"))
    fields.place = place
    return Document(kind, version, name, namespace or own, annotations, labels, fields)
