"""Reads YAML files that are the project's own, not Kubernetes': every field is declared by a model."""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

from battlescope_local.manifests.fields import ManifestError


class TypedEntry(BaseModel):
    """A mapping whose fields are all declared; values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], file: Path, **fixed: str) -> M:
    """The document of a file as a model; `fixed` are fields that the caller knows and the file must not have.

    Raises:
        ManifestError: the file is absent, no YAML mapping, or does not match the model; names each field.
    """
    try:
        raw = yaml.load(file.read_text(), _UniqueKeysLoader)  # noqa: S506 -- a subclass of the safe loader
    except FileNotFoundError as error:
        raise ManifestError(f"{file}: There is no such file.") from error
    except yaml.YAMLError as error:
        raise ManifestError(f"{file}: is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ManifestError(f"{file}: must be a mapping")
    for field in fixed.keys() & raw.keys():
        raise ManifestError(f"{file}: {field}: must be absent, because the name of the file says it")
    try:
        # As JSON, because in strict mode only that turns lists into tuples.
        return model.model_validate_json(json.dumps({**fixed, **raw}))
    except ValidationError as error:
        raise ManifestError("; ".join(_sentences(file, error))) from error


def _sentences(file: Path, error: ValidationError) -> list[str]:
    return [f"{file}: {'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()]


class _UniqueKeysLoader(yaml.SafeLoader):
    """YAML lets the last of two equal keys win, which hides a field that was pasted twice."""

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 -- as in PyYAML
        seen = set[str]()
        for key_node, _ in cast("list[tuple[Node, Node]]", node.value):
            if isinstance(key_node, ScalarNode) and key_node.value in seen:
                raise ConstructorError(None, None, f"the key {key_node.value!r} stands twice", key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)
