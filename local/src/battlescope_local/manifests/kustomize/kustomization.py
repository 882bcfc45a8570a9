"""One `kustomization.yaml` as values."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from battlescope_local.manifests.fields import Fields, ManifestError, SourceLocation
from battlescope_local.manifests.kustomize.patches import Patch, read_patches
from battlescope_local.manifests.kustomize.yaml_documents import read_documents

KUSTOMIZATION: Final = "kustomization.yaml"
API_VERSIONS: Final = {
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Component": "kustomize.config.k8s.io/v1alpha1",
}


@dataclass(frozen=True, slots=True)
class ImageOverride:
    """Replaces the image `name`; an empty value keeps what the manifest has, as in kustomize."""

    name: str
    new_name: str
    tag: str
    digest: str
    location: SourceLocation

    def applied_to(self, image: str) -> str:
        name = self.new_name or self.name
        if self.tag or self.digest:
            return name + (self.tag and f":{self.tag}") + (self.digest and f"@{self.digest}")
        return name + image.removeprefix(self.name)


@dataclass(frozen=True, slots=True)
class Kustomization:
    kind: str
    location: SourceLocation
    namespace: str | None
    resources: tuple[Path, ...]
    components: tuple[Path, ...]
    patches: tuple[Patch, ...]
    images: tuple[ImageOverride, ...]


def read_kustomization(folder: Path, display_path: str) -> Kustomization:
    """The kustomization of a folder.

    Raises:
        ManifestError: the file is absent, or has a field that this builder does not support.
    """
    file = folder / KUSTOMIZATION
    if not file.is_file():
        raise ManifestError(f"{display_path}: There is no such file.")
    raw = list(read_documents(file, display_path))
    if len(raw) != 1:
        raise ManifestError(f"{display_path}: must hold exactly one document")
    with Fields(raw[0], SourceLocation(display_path, "Kustomization")) as fields:
        kind = fields.choice("kind", list(API_VERSIONS), "Kustomization")
        fields.choice("apiVersion", [API_VERSIONS[kind]], API_VERSIONS["Kustomization"])
        return Kustomization(
            kind,
            fields.location,
            fields.text("namespace", "") or None,
            tuple(_paths(fields, "resources", folder)),
            tuple(_paths(fields, "components", folder)),
            tuple(patch for entry in fields.mappings("patches") for patch in read_patches(entry, folder)),
            tuple(_image(image) for image in fields.mappings("images")),
        )


def _paths(fields: Fields, key: str, folder: Path) -> Iterator[Path]:
    for number, entry in enumerate(fields.texts(key)):
        path = (folder / entry).resolve()
        location = fields.location / f"{key}[{number}]"
        if not path.exists():
            location.fail(f"{entry} does not exist")
        if path.is_file() and not path.is_relative_to(folder.resolve()):
            location.fail(f"{entry} is outside the folder; kustomize takes only folders from elsewhere")
        yield path


def _image(fields: Fields) -> ImageOverride:
    with fields:
        override = ImageOverride(
            fields.text("name"),
            fields.text("newName", ""),
            fields.text("newTag", ""),
            fields.text("digest", ""),
            fields.location,
        )
    if not (override.new_name or override.tag or override.digest):
        fields.location.fail("changes nothing: it has no newName, newTag or digest")
    return override
