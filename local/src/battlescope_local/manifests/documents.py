"""Documents of a kustomization: its objects as local mode reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from battlescope_local.manifests.fields import Fields, SourceLocation
from battlescope_local.manifests.kustomize import ManifestObject, build

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


def documents(folder: Path) -> Iterator[Document]:
    """Every object of a kustomization, as a cluster would get it."""
    return (_document(built) for built in build(folder))


def _document(built: ManifestObject) -> Document:
    fields = Fields(built.raw, built.location)
    fields.ignore(["kind", "apiVersion"])
    with Fields(fields.take("metadata"), SourceLocation(built.file, built.kind, "metadata")) as metadata:
        metadata.ignore(["name", "namespace", "labels"])
        annotations = Fields(metadata.take("annotations") or {}, built.location / "metadata.annotations")
        annotations.ignore(IGNORED_ANNOTATIONS)
    return Document(
        built.kind,
        built.api_version,
        built.name,
        built.namespace or "default",
        annotations,
        dict(built.labels),
        fields,
    )
