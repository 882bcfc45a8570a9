"""Kustomizations become objects, as the real kustomize builds them; what this builder does not support is an error."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests import ManifestError
from battlescope_local.manifests.kustomize import build

KUSTOMIZE = shutil.which("kustomize")
needs_kustomize = pytest.mark.skipif(
    KUSTOMIZE is None, reason="kustomize is not on PATH; `make cluster-check` builds it"
)

BASE = """
namespace: shop
resources: [objects.yaml]
"""
OBJECTS = """
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: prices, labels: {app: shop, tier: front}}
data: {apple: "1", pear: "2"}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: till}
spec:
  template:
    metadata: {annotations: {autoscaling.knative.dev/max-scale: "1"}}
    spec:
      containers:
        - image: shop/till
          env: [{name: DAY, value: "2026-01-01"}, {name: FLAG, value: "yes"}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: stock}
spec:
  template:
    spec:
      containers: [{name: stock, image: "shop/till:1", args: [a, b]}]
      initContainers: [{name: wait, image: shop/tiller}]
"""
COMPONENT = """
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
  - {name: shop/till, newName: registry.example.org/shop/till, digest: "sha256:00"}
  - {name: shop/tiller, newTag: "2"}
patches:
  - target: {kind: Job, name: stock}
    options: {allowNameChange: true}
    patch: |-
      - {op: replace, path: /metadata/name, value: stock-00}
"""
OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base, more.yaml]
components: [release]
patches:
  - target: {kind: Job, name: stock}
    patch: |-
      - {op: add, path: /spec/ttlSecondsAfterFinished, value: 60}
      - {op: replace, path: /spec/template/spec/containers/0/args/1, value: c}
      - {op: add, path: /spec/template/spec/containers/0/args/-, value: d}
      - {op: add, path: /spec/template/spec/containers/0/args/0, value: z}
      - {op: remove, path: /spec/template/spec/initContainers/0/name}
  - path: scale.yaml
  - target: {kind: ConfigMap, labelSelector: "app=shop,tier=front"}
    patch: |-
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: whatever, annotations: {note: text}}
      data: {apple: "3", pear: null}
  - target: {group: serving.knative.dev, version: v1, kind: Service, name: t.*}
    patch: |-
      - {op: add, path: /metadata/labels, value: {networking.knative.dev/visibility: cluster-local}}
      - {op: add, path: /spec/template/metadata/annotations/autoscaling.knative.dev~1window, value: 60s}
"""
MORE = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: till}
"""
SCALE = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: till}
automountServiceAccountToken: false
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: till}
spec:
  template:
    metadata: {annotations: {autoscaling.knative.dev/min-scale: "1"}}
    spec: {timeoutSeconds: 20}
"""
FILES = {
    "base/kustomization.yaml": BASE,
    "base/objects.yaml": OBJECTS,
    "overlay/kustomization.yaml": OVERLAY,
    "overlay/more.yaml": MORE,
    "overlay/scale.yaml": SCALE,
    "overlay/release/kustomization.yaml": COMPONENT,
}
Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write_files


def by_kind(folder: Path) -> dict[str, Any]:
    return {built.kind: built.raw for built in build(folder)}


def real_kustomize(folder: Path) -> list[Any]:
    output = subprocess.run([str(KUSTOMIZE), "build", str(folder)], capture_output=True, text=True, check=True).stdout
    return list(yaml.load_all(output, Loader=yaml.CSafeLoader))


def identity(raw: Any) -> tuple[str, str]:
    return raw["kind"], raw["metadata"]["name"]


def test_overlay_component_and_base_become_one(write: Write) -> None:
    objects = by_kind(write(FILES) / "overlay")
    job, service = objects["Job"], objects["Service"]
    assert job["metadata"] == {"name": "stock-00", "namespace": "shop"}
    assert job["spec"]["ttlSecondsAfterFinished"] == 60
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "stock", "image": "registry.example.org/shop/till@sha256:00", "args": ["z", "a", "c", "d"],
    }  # fmt: skip
    assert job["spec"]["template"]["spec"]["initContainers"] == [{"image": "shop/tiller:2"}]
    assert objects["ConfigMap"]["data"] == {"apple": "3"}
    assert objects["ConfigMap"]["metadata"]["name"] == "prices"
    assert service["metadata"]["namespace"] == "shop"
    assert service["spec"]["template"]["metadata"]["annotations"] == {
        "autoscaling.knative.dev/max-scale": "1",
        "autoscaling.knative.dev/min-scale": "1",
        "autoscaling.knative.dev/window": "60s",
    }
    assert objects["Namespace"]["metadata"] == {"name": "shop"}
    assert "namespace" not in objects["ServiceAccount"]["metadata"]
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False


def test_objects_know_their_file(write: Write) -> None:
    root = write(FILES)
    files = {built.kind: built.file for built in build(root / "overlay", root)}
    assert files["Job"] == "base/objects.yaml"
    assert files["ServiceAccount"] == "overlay/more.yaml"


@needs_kustomize
def test_result_is_that_of_the_real_kustomize(write: Write) -> None:
    folder = write(FILES) / "overlay"
    assert sorted((built.raw for built in build(folder)), key=identity) == sorted(real_kustomize(folder), key=identity)


KUSTOMIZATIONS = sorted(path.parent for path in (ROOT / "knative").rglob("kustomization.yaml"))


@needs_kustomize
@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_project_is_built_as_by_the_real_kustomize(folder: Path) -> None:
    if "kind: Component" in (folder / "kustomization.yaml").read_text():
        pytest.skip("a Component is built only with the kustomization that includes it")
    assert sorted((built.raw for built in build(folder)), key=identity) == sorted(real_kustomize(folder), key=identity)


OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n"


def patch(text: str) -> str:
    return "resources: [a.yaml]\npatches:\n  - patch: |-\n" + "".join(f"      {line}\n" for line in text.splitlines())


def targeted(text: str, target: str = "{kind: ConfigMap}") -> str:
    return patch(text) + f"    target: {target}\n"


@pytest.mark.parametrize(
    ("kustomization", "message"),
    [
        ("commonLabels: {a: b}", "kustomization.yaml: Kustomization: commonLabels: "),
        ("kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1", "Component stands in components"),
        ("kind: Kustomisation", "supports only Kustomization, Component, not 'Kustomisation'"),
        ("components: [sub]\nresources: [a.yaml]", "a Kustomization in resources"),
        ("resources: [self]", "self/kustomization.yaml: Kustomization: includes itself"),
        ("resources: [a.yaml, a.yaml]", "ConfigMap a: is defined twice, in a.yaml and a.yaml"),
        (
            "namespace: b\nresources: [../other]",
            "ConfigMap a: is in other, which the kustomization would overwrite",
        ),
        ("resources: [../outside.yaml]", r"resources\[0\]: ../outside.yaml is outside the folder"),
        ("resources: [a.yaml]\nimages: [{name: shop, newTag: '1'}]", "no container uses the image shop"),
        ("resources: [a.yaml]\nimages: [{name: shop}]", "changes nothing"),
        ("resources: [a.yaml]\npatches: [{path: none.yaml}]", "path: none.yaml does not exist"),
        (patch("kind: ConfigMap\napiVersion: v1\nmetadata: {name: b}"), "changes nothing: no object matches"),
        (patch("kind: ConfigMap\napiVersion: v2\nmetadata: {name: a}"), "changes nothing: no object matches"),
        (patch("- {op: remove, path: /data/x}"), "needs a target"),
        (patch("text"), "must be a mapping"),
        (targeted("- {op: remove, path: /data/y}"), "cannot change ConfigMap a: there is no field y"),
        (targeted("- {op: replace, path: /data/y, value: z}"), "there is no field y"),
        (targeted("- {op: add, path: /data/y/z, value: z}"), "there is no field y"),
        (targeted("- {op: add, path: /data/x/z, value: z}"), "there is nothing at z"),
        (targeted("- {op: add, path: /data/y}"), "value: is required"),
        (targeted("- {op: move, path: /data/y, value: 1}"), "supports only add, replace, remove"),
        (targeted("- {op: add, path: data, value: 1}"), "must start with a slash"),
        (targeted("- {op: replace, path: /metadata/name, value: b}"), "renames ConfigMap a without allowNameChange"),
        (targeted("- {op: remove, path: /metadata/name}"), "cannot change ConfigMap a: .* metadata.name: is required"),
        (targeted("- {op: add, path: /metadata/labels, value: {a: 1}}"), "labels.a: must be text"),
        (targeted("- {op: remove, path: /data/x}", "{kind: Config}"), "no object matches its target"),
        (targeted("- {op: remove, path: /data/x}", "{labelSelector: a in (b)}"), "must be label=value"),
        (targeted("- {op: remove, path: /data/x}", "{annotationSelector: a=b}"), "annotationSelector"),
        (patch("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {y: null}"), "data.y is removed and does"),
        (patch("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {$patch: delete}"), "is a directive"),
        (patch("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {y: [{a: b}]}"), "is a list of mappings"),
    ],
)
def test_anything_else_is_an_error(write: Write, kustomization: str, message: str) -> None:
    root = write(
        {
            "top/kustomization.yaml": kustomization,
            "top/a.yaml": OBJECT,
            "top/sub/kustomization.yaml": "resources: []",
            "top/self/kustomization.yaml": "resources: [../self]",
            "outside.yaml": OBJECT,
            "other/kustomization.yaml": "resources: [a.yaml]",
            "other/a.yaml": OBJECT.replace("name: a", "name: a, namespace: other"),
        }
    )
    with pytest.raises(ManifestError, match=message):
        build(root / "top")


def test_patch_finds_an_object_by_its_earlier_name(write: Write) -> None:
    """Overlays name a Job as base does, also where the release has renamed it."""
    rename = targeted("- {op: replace, path: /metadata/name, value: b}") + "    options: {allowNameChange: true}\n"
    by_old_name = "  - target: {name: a}\n    patch: '[{op: add, path: /data/y, value: z}]'\n"
    root = write({"kustomization.yaml": rename + by_old_name, "a.yaml": OBJECT})
    (built,) = build(root)
    assert (built.name, built.raw["data"]) == ("b", {"x": "1", "y": "z"})
