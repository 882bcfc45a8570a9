"""Kubernetes objects between files and result."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, cast

from battlescope_local.manifests.fields import Fields, SourceLocation


@dataclass(frozen=True, slots=True)
class ManifestObject:
    """One object as kustomize would print it, the file it came from, its namespace there, and its earlier names."""

    raw: Mapping[str, object]
    file: str
    file_namespace: str | None = None
    earlier_names: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return str(self.raw["apiVersion"])

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        return str(self.raw["kind"])

    @property
    def metadata(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self.raw["metadata"])

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str | None:
        return cast("str | None", self.metadata.get("namespace"))

    @property
    def labels(self) -> Mapping[str, str]:
        return cast("Mapping[str, str]", self.metadata.get("labels") or {})

    @property
    def identity(self) -> tuple[str, str, str | None, str]:
        return self.group, self.kind, self.namespace, self.name

    @property
    def location(self) -> SourceLocation:
        return SourceLocation(self.file, f"{self.kind} {self.name}")

    def replace(self, raw: Mapping[str, object]) -> Self:
        changed = replace(self, raw=raw)
        return (
            changed if changed.name == self.name else replace(changed, earlier_names=(*self.earlier_names, self.name))
        )

    def replace_metadata(self, **values: object) -> Self:
        return self.replace({**self.raw, "metadata": {**self.metadata, **values}})


def read_object(raw: object, file: str) -> ManifestObject:
    """The object with its kind, version, name and labels checked."""
    fields = Fields(raw, SourceLocation(file, "object"))
    kind = fields.text("kind")
    fields.text("apiVersion")
    metadata = Fields(fields.take("metadata"), SourceLocation(file, kind, "metadata"))
    name = metadata.text("name")
    metadata.location = SourceLocation(file, f"{kind} {name}", "metadata")
    namespace = metadata.text("namespace", "") or None
    metadata.text_map("labels")
    metadata.text_map("annotations")
    return ManifestObject(cast("Mapping[str, object]", raw), file, namespace)
