"""Programs and schemas of a cluster, from Go modules: built once into a cache folder of the user."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

# The versions that the manifests are written for; 0.50 of the modules is 1.23 of Knative.
KUSTOMIZE: Final = ("sigs.k8s.io/kustomize/kustomize/v5", "v5.8.1")
KUBECTL_VALIDATE: Final = ("sigs.k8s.io/kubectl-validate", "v0.0.4")
SCHEMA_FOLDERS: Final = (
    ("knative.dev/serving", "v0.50.0", "config/core/300-resources"),
    ("knative.dev/eventing", "v0.50.0", "config/core/resources"),
    ("sigs.k8s.io/gateway-api", "v1.4.1", "config/crd/standard"),
)
CRD: Final = "CustomResourceDefinition"


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of the two programs, the folder of schemas, and the custom kinds that it has."""

    kustomize: Path
    kubectl_validate: Path
    schemas: Path
    custom_kinds: frozenset[tuple[str, str]]


def cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "battlescope" / "cluster-check"


def prepare_tools(go: str, cache: Path) -> Tools:
    """Build what is missing in the cache, and copy the schemas of the custom kinds there.

    Raises:
        CalledProcessError: a module cannot be downloaded or built.
    """
    schemas = cache / "schemas"
    schemas.mkdir(parents=True, exist_ok=True)
    custom_kinds = set[tuple[str, str]]()
    for module, version, folder in SCHEMA_FOLDERS:
        source = _module_folder(go, module, version) / folder
        custom_kinds |= _copy_schemas(source, schemas, module.replace("/", "-"))
    return Tools(
        _program(go, cache, *KUSTOMIZE), _program(go, cache, *KUBECTL_VALIDATE), schemas, frozenset(custom_kinds)
    )


def _program(go: str, cache: Path, module: str, version: str) -> Path:
    """The program of a module, in a folder that is named by its version."""
    folder = cache / f"{module.replace('/', '-')}@{version}"
    if not folder.is_dir():
        print(f"Building {module} {version} ...", flush=True)
        _run([go, "install", "-trimpath", f"{module}@{version}"], {"GOBIN": str(folder), "CGO_ENABLED": "0"})
    (program,) = folder.iterdir()
    return program


def _module_folder(go: str, module: str, version: str) -> Path:
    download: dict[str, Any] = json.loads(_run([go, "mod", "download", "-json", f"{module}@{version}"], {}))
    return Path(download["Dir"])


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    process = subprocess.run(
        command, env={**os.environ, **environment}, cwd="/", check=True, text=True, stdout=subprocess.PIPE
    )
    return process.stdout


def _copy_schemas(source: Path, target: Path, prefix: str) -> set[tuple[str, str]]:
    """Copy the schemas of a folder; gives the versions and kinds that they describe."""
    kinds = set[tuple[str, str]]()
    for file in sorted(source.glob("*.yaml")):
        for document in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader):
            if document and document.get("kind") == CRD:
                kinds |= served_kinds(document)
                (target / f"{prefix}-{document['metadata']['name']}.yaml").write_text(yaml.safe_dump(document))
    return kinds


def served_kinds(crd: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Each version that a CustomResourceDefinition serves: `apiVersion` and kind."""
    spec = crd["spec"]
    return {
        (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
        for version in spec["versions"]
        if version["served"]
    }
