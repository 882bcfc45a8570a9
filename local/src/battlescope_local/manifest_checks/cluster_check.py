"""`make cluster-check`: kustomize itself builds what this project builds, and the schemas of a cluster accept it."""

import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_checks.cluster_tools import Tools, cache_folder, prepare_tools
from battlescope_local.manifests.kustomize import KUSTOMIZATION, build

# Groups of Kubernetes itself, whose schemas kubectl-validate holds.
BUILT_IN_GROUPS: Final = ("", "batch", "networking.k8s.io")
WIDTH: Final = 80


def main() -> int:
    go = shutil.which("go")
    if go is None:
        print("Skipped: cluster-check builds kustomize and kubectl-validate with Go, and there is no `go` on PATH.")
        return 0
    try:
        tools = prepare_tools(go, cache_folder())
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd))} failed with exit status {error.returncode}.")
        return 1
    faults = [fault for folder in _folders() for fault in check(folder, tools)]
    for fault in faults:
        print(textwrap.indent(fault, "    "))
    print(f"{len(faults)} faults")
    return int(bool(faults))


def _folders() -> list[Path]:
    """Every kustomization of ours; a Component is built with its overlay, and `platform` has files of others."""
    files = sorted((ROOT / "knative").rglob(KUSTOMIZATION))
    own = [file for file in files if "platform" not in file.parts]
    return [file.parent for file in own if "kind: Component" not in file.read_text()]


def check(folder: Path, tools: Tools) -> Iterator[str]:
    """Faults of one kustomization; prints what was compared and what has no schema."""
    objects = list(yaml.load_all(_output([tools.kustomize, "build", folder]), Loader=yaml.CSafeLoader))
    for name in differences([built.raw for built in build(folder)], objects):
        yield f"{folder.relative_to(ROOT)}: {name}: kustomize builds something else than this project"
    known = [raw for raw in objects if has_schema(raw, tools)]
    unknown = sorted({raw["kind"] for raw in objects if not has_schema(raw, tools)})
    yield from _schema_faults(folder, known, tools)
    line = (
        f"{folder.relative_to(ROOT)}: {len(objects)} objects as kustomize builds them, {len(known)} fit their schemas"
    )
    print(textwrap.fill(line + (f"; no schema for {', '.join(unknown)}" if unknown else ""), WIDTH))


def differences(own: Sequence[Any], real: Sequence[Any]) -> list[str]:
    """Kind, namespace and name of each object that the two builds do not have in the same form."""
    own_objects, real_objects = {_identity(raw): raw for raw in own}, {_identity(raw): raw for raw in real}
    return [
        " ".join(filter(None, key))
        for key in sorted({*own_objects, *real_objects})
        if own_objects.get(key) != real_objects.get(key)
    ]


def _identity(raw: Any) -> tuple[str, str, str]:
    return raw["kind"], raw["metadata"].get("namespace", ""), raw["metadata"]["name"]


def has_schema(raw: Any, tools: Tools) -> bool:
    group = raw["apiVersion"].rpartition("/")[0]
    return group in BUILT_IN_GROUPS or (raw["apiVersion"], raw["kind"]) in tools.custom_kinds


def _schema_faults(folder: Path, objects: Sequence[Any], tools: Tools) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "objects.yaml"
        file.write_text(yaml.safe_dump_all(objects))
        command = [tools.kubectl_validate, "--local-crds", tools.schemas, file]
        process = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if process.returncode:
        yield f"{folder.relative_to(ROOT)}:\n{process.stdout}{process.stderr}".rstrip()


def _output(command: Sequence[str | Path]) -> str:
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
