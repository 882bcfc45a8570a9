"""Patches of a kustomization: JSON 6902 operations and merge patches, and the objects they apply to.

jsonpatch would be one more dependency for three operations, and its errors name neither file nor object.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Final, cast

from battlescope_local.manifests.fields import Fields, ManifestError, SourceLocation
from battlescope_local.manifests.kustomize.objects import ManifestObject, read_object
from battlescope_local.manifests.kustomize.yaml_documents import parse_documents, read_documents

Document = Mapping[str, object]
Change = Callable[[Document], Document]
END: Final = "-"  # of a list, as the last step of a pointer


@dataclass(frozen=True, slots=True)
class Target:
    """Which objects a patch changes: regular expressions that match the whole value, and labels that must be equal."""

    patterns: Mapping[str, str]
    labels: Mapping[str, str]

    def matches(self, candidate: ManifestObject) -> bool:
        values = {
            "group": (candidate.group,),
            "version": (candidate.api_version.rpartition("/")[2],),
            "kind": (candidate.kind,),
            "name": (candidate.name, *candidate.earlier_names),
            "namespace": (candidate.namespace or "", candidate.file_namespace or ""),
        }
        return all(
            any(re.fullmatch(pattern, value) for value in values[field]) for field, pattern in self.patterns.items()
        ) and all(candidate.labels.get(label) == value for label, value in self.labels.items())


@dataclass(frozen=True, slots=True)
class Patch:
    target: Target
    change: Change
    may_rename: bool
    location: SourceLocation

    def apply(self, objects: Sequence[ManifestObject]) -> tuple[ManifestObject, ...]:
        """All objects, those of the target changed; a patch without any target is an error."""
        if not any(self.target.matches(candidate) for candidate in objects):
            self.location.fail("changes nothing: no object matches its target")
        return tuple(self._apply(candidate) if self.target.matches(candidate) else candidate for candidate in objects)

    def _apply(self, candidate: ManifestObject) -> ManifestObject:
        try:
            raw = self.change(candidate.raw)
            read_object(raw, candidate.file)
        except (PatchError, ManifestError) as error:
            self.location.fail(f"cannot change {candidate.kind} {candidate.name}: {error}")
        changed = candidate.replace(raw)
        if changed.kind != candidate.kind or (changed.name != candidate.name and not self.may_rename):
            self.location.fail(f"renames {candidate.kind} {candidate.name} without allowNameChange")
        return changed


class PatchError(ValueError):
    """A patch does not fit the object; the message names the path in the object."""


def read_patches(fields: Fields, folder: Path) -> tuple[Patch, ...]:
    """The patches of one entry: one with a target, or a merge patch for each document."""
    with fields:
        contents = _contents(fields, folder)
        with fields.optional("options") as options:
            may_rename = options.take("allowNameChange") is True
        target = _target(fields.mapping("target")) if "target" in fields else None
        fields.ignore(["target"])
    if len(contents) != 1 and (target or not contents):
        fields.location.fail("must hold exactly one document")
    return tuple(_patch(content, target, fields.location, may_rename=may_rename) for content in contents)


def _patch(content: object, target: Target | None, location: SourceLocation, *, may_rename: bool) -> Patch:
    if isinstance(content, list):
        if target is None:
            location.fail("has operations and needs a target")
        return Patch(target, _operations(cast("list[object]", content), location), may_rename, location)
    part = Fields(content, location)
    own_target = _identity(part)
    change = _merge({} if target and not may_rename else {"name": part.mapping("metadata").text("name")}, part)
    return Patch(target or own_target, change, may_rename, location)


def _contents(fields: Fields, folder: Path) -> list[object]:
    if "path" not in fields:
        return list(parse_documents(fields.text("patch"), fields.location.file))
    name = fields.text("path")
    if not (folder / name).is_file():
        (fields.location / "path").fail(f"{name} does not exist")
    return list(read_documents(folder / name, name))


def _target(fields: Fields) -> Target:
    with fields:
        patterns = {key: fields.text(key) for key in ("group", "version", "kind", "name", "namespace") if key in fields}
        selector = fields.text("labelSelector", "")
    labels = dict[str, str]()
    for requirement in filter(None, selector.split(",")):
        label, equals, value = requirement.partition("=")
        if not equals or value.startswith("=") or label.endswith("!"):
            (fields.location / "labelSelector").fail("must be label=value, with commas between several")
        labels[label.strip()] = value.strip()
    return Target(patterns, labels)


def _identity(part: Fields) -> Target:
    """The object that a merge patch names by itself."""
    group, _, version = part.text("apiVersion").rpartition("/")
    with part.mapping("metadata") as metadata:
        exact = {"group": group, "version": version, "kind": part.text("kind"), "name": metadata.text("name")}
        exact["namespace"] = metadata.text("namespace", "")
        metadata.ignore(metadata.names())
    return Target({key: re.escape(value) for key, value in exact.items()}, {})


def _merge(metadata: Document, part: Fields) -> Change:
    """The change of a merge patch, whose own kind, version and name only say what it applies to."""
    values = {name: part.take(name) for name in part.names() if name not in ("apiVersion", "kind", "metadata")}
    own_metadata = part.mapping("metadata")
    names = [name for name in own_metadata.names() if name not in ("name", "namespace")]
    values["metadata"] = {**{name: own_metadata.take(name) for name in names}, **metadata}
    return lambda document: cast("Document", merge(document, values))


def merge(current: object, part: object, path: str = "") -> object:
    """The value with a merge patch applied: mappings merge, everything else is replaced, null removes.

    Raises:
        PatchError: the patch has a list of mappings, which kustomize merges or replaces depending on the kind, or
            removes a field that is absent.
    """
    if isinstance(part, list):
        items = cast("list[object]", part)
        if not any(isinstance(item, dict) for item in items):
            return items
        raise PatchError(f"{path} is a list of mappings; change it with operations (JSON 6902)")
    if not isinstance(part, dict):
        return part
    result: dict[str, object] = dict(cast("dict[str, object]", current)) if isinstance(current, dict) else {}
    for key, value in cast("dict[str, object]", part).items():
        key_path = f"{path}.{key}" if path else key
        if key.startswith("$"):
            raise PatchError(f"{key_path} is a directive, which this builder does not support")
        if value is not None:
            result[key] = merge(result.get(key), value, key_path)
        elif result.pop(key, None) is None:
            raise PatchError(f"{key_path} is removed and does not exist")
    return result


def _operations(operations: Sequence[object], location: SourceLocation) -> Change:
    """All operations of a JSON 6902 patch, one after the other."""
    changes = [_operation(Fields(item, location / f"patch[{number}]")) for number, item in enumerate(operations)]
    return lambda document: reduce(lambda value, change: change(value), changes, document)


def _operation(fields: Fields) -> Change:
    with fields:
        operation = fields.choice("op", ["add", "replace", "remove"])
        pointer = fields.text("path")
        if not pointer.startswith("/"):
            (fields.location / "path").fail("must start with a slash")
        if operation != "remove" and "value" not in fields:
            (fields.location / "value").fail("is required")
        value = fields.take("value")
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
    return lambda document: cast("Document", _changed(document, steps, operation, value))


def _changed(current: object, steps: Sequence[str], operation: str, value: object) -> object:
    """The value with one operation applied at a path below it."""
    if isinstance(current, dict):
        return _changed_mapping(dict(cast("dict[str, object]", current)), steps, operation, value)
    if isinstance(current, list):
        return _changed_list(list(cast("list[object]", current)), steps, operation, value)
    raise PatchError(f"there is nothing at {steps[0]}")


def _changed_mapping(current: dict[str, object], steps: Sequence[str], operation: str, value: object) -> object:
    key, *rest = steps
    if key not in current and (rest or operation != "add"):
        raise PatchError(f"there is no field {key}")
    if rest:
        current[key] = _changed(current[key], rest, operation, value)
    elif operation == "remove":
        del current[key]
    else:
        current[key] = value
    return current


def _changed_list(current: list[object], steps: Sequence[str], operation: str, value: object) -> object:
    step, *rest = steps
    is_insertion = operation == "add" and not rest
    if step == END and is_insertion:
        return [*current, value]
    if not step.isdecimal() or int(step) >= len(current) + is_insertion:
        raise PatchError(f"there is no element {step}")
    position = int(step)
    if is_insertion:
        current.insert(position, value)
    elif rest:
        current[position] = _changed(current[position], rest, operation, value)
    elif operation == "remove":
        del current[position]
    else:
        current[position] = value
    return current
