"""Reads YAML files that are the project's own, not Kubernetes': every field is declared by a model."""

import json
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from battlescope_local.manifests.fields import ManifestError
from battlescope_local.manifests.kustomize.yaml_documents import read_documents


class TypedEntry(BaseModel):
    """A mapping whose fields are all declared; values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], file: Path, **fixed: str) -> M:
    """The document of a file as a model; `fixed` are fields that the caller knows and the file must not have.

    Raises:
        ManifestError: the file is absent, not one YAML mapping, or does not match the model; names each field.
    """
    fields = _mapping(file)
    for field in fixed.keys() & fields.keys():
        raise ManifestError(f"{file}: {field}: must be absent, because the name of the file says it")
    try:
        # As JSON, because in strict mode only that turns lists into tuples.
        return model.model_validate_json(json.dumps({**fixed, **fields}))
    except ValidationError as error:
        sentences = [f"{file}: {'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()]
        raise ManifestError("; ".join(sentences)) from error


def _mapping(file: Path) -> dict[str, object]:
    if not file.is_file():
        raise ManifestError(f"{file}: There is no such file.")
    documents = list(read_documents(file, str(file)))
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ManifestError(f"{file}: must be one mapping")
    return cast("dict[str, object]", documents[0])
