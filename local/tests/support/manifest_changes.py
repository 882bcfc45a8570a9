"""Changes of the project's manifests in memory: one fault at a time, for the rules to find."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from battlescope_local.manifest_checks.deployments import Deployment
from battlescope_local.manifests.fields import Fields, SourceLocation
from battlescope_local.manifests.kustomize import ManifestObject
from battlescope_local.manifests.kustomize.patches import read_patches
from battlescope_local.manifests.prerequisites import Prerequisites

Change = Callable[[Deployment], Deployment]


def patched(kind: str, name: str, *operations: Mapping[str, object]) -> Change:
    """Applies JSON 6902 operations to the objects of a kind whose name matches."""
    fields = {
        "target": {"kind": kind, "name": name},
        "options": {"allowNameChange": True},
        "patch": json.dumps(list(operations)),
    }

    def change(deployment: Deployment) -> Deployment:
        (patch,) = read_patches(Fields(fields, SourceLocation("test", "patch")), Path())
        return replace(deployment, objects=patch.apply(deployment.objects))

    return change


def put(path: str, value: object) -> dict[str, object]:
    return {"op": "add", "path": path, "value": value}


def drop(path: str) -> dict[str, object]:
    return {"op": "remove", "path": path}


def without(kind: str, name: str) -> Change:
    def change(deployment: Deployment) -> Deployment:
        kept = tuple(built for built in deployment.objects if (built.kind, built.name) != (kind, name))
        assert len(kept) < len(deployment.objects), f"there is no {kind} {name}"
        return replace(deployment, objects=kept)

    return change


def added(raw: Mapping[str, Any], file: str = "knative/base/added.yaml") -> Change:
    return lambda deployment: replace(deployment, objects=(*deployment.objects, ManifestObject(raw, file)))


def copied(kind: str, name: str, new_name: str) -> Change:
    def change(deployment: Deployment) -> Deployment:
        (original,) = [built for built in deployment.objects if (built.kind, built.name) == (kind, name)]
        copy = original.replace_metadata(name=new_name)
        return replace(deployment, objects=(*deployment.objects, copy))

    return change


def moved(kind: str, name: str, file: str) -> Change:
    def change(deployment: Deployment) -> Deployment:
        objects = tuple(
            replace(built, file=file) if (built.kind, built.name) == (kind, name) else built
            for built in deployment.objects
        )
        return replace(deployment, objects=objects)

    return change


def prerequisites(edit: Callable[[Any], object]) -> Change:
    """Edits prerequisites.yaml as plain lists and mappings."""

    def change(deployment: Deployment) -> Deployment:
        raw = deployment.prerequisites.model_dump(mode="json")
        edit(raw)
        return replace(deployment, prerequisites=Prerequisites.model_validate_json(json.dumps(raw)))

    return change


def entry(raw: Any, group: str, name: str) -> Any:
    return next(item for item in raw[group] if item["name"] == name)
