"""Builds a kustomization: resources, then components, then its own changes, in kustomize's order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from battlescope_local.manifests.kustomize.kustomization import (
    KUSTOMIZATION,
    ImageOverride,
    Kustomization,
    read_kustomization,
)
from battlescope_local.manifests.kustomize.objects import ManifestObject, read_object
from battlescope_local.manifests.kustomize.yaml_documents import read_documents

# Kinds of Kubernetes that belong to no namespace; kustomize knows them, and renames a Namespace like its setting.
CLUSTER_SCOPED: Final = frozenset({
    *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "IngressClass", "Namespace", "Node"),
    *("PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass", "ValidatingWebhookConfiguration"),
})  # fmt: skip
CONTAINERS: Final = ("containers", "initContainers")


def build(folder: Path, root: Path | None = None) -> tuple[ManifestObject, ...]:
    """Every object of a kustomization as kustomize would print it, with its file relative to the root.

    Raises:
        ManifestError: a file is invalid, or uses a part of kustomize that this builder does not support.
    """
    return _build(folder.resolve(), (root or folder).resolve(), None, ())


def _build(
    folder: Path, root: Path, inherited: tuple[ManifestObject, ...] | None, callers: tuple[Path, ...]
) -> tuple[ManifestObject, ...]:
    """The inherited objects and those of the folder, with the changes of the folder applied to all of them."""
    kustomization = read_kustomization(folder, _display_path(folder / KUSTOMIZATION, root))
    if folder in callers:
        kustomization.location.fail("includes itself")
    if (inherited is None) == (kustomization.kind == "Component"):
        kustomization.location.fail("a Component stands in components, a Kustomization in resources")
    objects = list(inherited or ())
    for path in kustomization.resources:
        objects += _build(path, root, None, (*callers, folder)) if path.is_dir() else _read(path, root)
    _check_unique(objects)
    for path in kustomization.components:
        objects = list(_build(path, root, tuple(objects), (*callers, folder)))
    return _changed(kustomization, objects)


def _display_path(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _read(file: Path, root: Path) -> list[ManifestObject]:
    display_path = _display_path(file, root)
    return [read_object(raw, display_path) for raw in read_documents(file, display_path)]


def _check_unique(objects: Sequence[ManifestObject]) -> None:
    files: dict[object, str] = {}
    for candidate in objects:
        if candidate.identity in files:
            candidate.location.fail(f"is defined twice, in {files[candidate.identity]} and {candidate.file}")
        files[candidate.identity] = candidate.file


def _changed(kustomization: Kustomization, objects: Sequence[ManifestObject]) -> tuple[ManifestObject, ...]:
    changed = tuple(objects)
    for patch in kustomization.patches:
        changed = patch.apply(changed)
    if kustomization.namespace:
        changed = tuple(_in_namespace(candidate, kustomization.namespace) for candidate in changed)
    for override in kustomization.images:
        changed = _with_image(override, changed)
    _check_unique(changed)
    return changed


def _in_namespace(candidate: ManifestObject, namespace: str) -> ManifestObject:
    if candidate.kind == "Namespace" and candidate.api_version == "v1":
        return candidate.replace_metadata(name=namespace)
    if candidate.kind in CLUSTER_SCOPED:
        return candidate
    if candidate.file_namespace not in (None, namespace):
        candidate.location.fail(f"is in {candidate.file_namespace}, which the kustomization would overwrite")
    return candidate.replace_metadata(namespace=namespace)


def _with_image(override: ImageOverride, objects: Sequence[ManifestObject]) -> tuple[ManifestObject, ...]:
    changed = tuple(candidate.replace(_replace_images(candidate.raw, override)) for candidate in objects)
    if changed == tuple(objects):
        override.location.fail(f"no container uses the image {override.name}, or it has that version already")
    return changed


def _replace_images(value: Mapping[str, object], override: ImageOverride) -> Mapping[str, object]:
    return {
        key: _replace_in_containers(inner, override) if key in CONTAINERS else _replace_below(inner, override)
        for key, inner in value.items()
    }


def _replace_below(value: object, override: ImageOverride) -> object:
    if isinstance(value, dict):
        return _replace_images(cast("Mapping[str, object]", value), override)
    if isinstance(value, list):
        return [_replace_below(item, override) for item in cast("list[object]", value)]
    return value


def _replace_in_containers(value: object, override: ImageOverride) -> object:
    if not isinstance(value, list):
        return value
    return [_replace_image(item, override) for item in cast("list[object]", value)]


def _replace_image(container: object, override: ImageOverride) -> object:
    if not isinstance(container, dict):
        return container
    fields = cast("dict[str, object]", container)
    image = str(fields.get("image", ""))
    if image.removeprefix(override.name)[:1] not in ("", ":", "@") or not image.startswith(override.name):
        return fields
    return {**fields, "image": override.applied_to(image)}
