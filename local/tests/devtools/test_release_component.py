from collections.abc import Mapping
from dataclasses import replace

import pytest
import yaml

from battlescope_local.devtools.project import ROOT
from battlescope_local.devtools.release import OVERLAYS, component_file
from battlescope_local.devtools.release_component import (
    UNPUBLISHED,
    Release,
    ReleaseError,
    Workloads,
    check_release,
    job_name,
    read_component,
    workloads_of,
    write_component,
)
from battlescope_local.manifests import load

A, B = f"sha256:{'a1' * 32}", f"sha256:{'b2' * 32}"
WORKLOADS = Workloads(
    images={"battle-api": "battlescope/battle-api", "battle-cluster": "battlescope/battle-cluster"},
    jobs={"migrate-battles": "battle-cluster"},
)
RELEASE = Release("registry.example.org/battlescope", {"battle-api": A, "battle-cluster": B})
ENVIRONMENTS = sorted(path.parent.name for path in OVERLAYS.glob("*/kustomization.yaml"))


def test_component_sets_every_image_and_renames_every_job() -> None:
    component = yaml.safe_load(write_component(RELEASE, WORKLOADS))
    assert component["kind"] == "Component"
    assert component["images"] == [
        {"name": f"battlescope/{name}", "newName": f"registry.example.org/battlescope/{name}", "digest": digest}
        for name, digest in RELEASE.digests.items()
    ]
    (patch,) = component["patches"]
    assert patch["target"]["name"] == "migrate-battles"
    assert yaml.safe_load(patch["patch"]) == [
        {"op": "replace", "path": "/metadata/name", "value": "migrate-battles-b2b2b2b2b2"}
    ]


def test_component_is_read_as_it_was_written() -> None:
    assert read_component(write_component(RELEASE, WORKLOADS), "release") == RELEASE


@pytest.mark.parametrize(
    ("digests", "header"),
    [
        (RELEASE.digests, ""),
        (dict.fromkeys(RELEASE.digests, UNPUBLISHED), "# No image is published yet: a digest of zeros is"),
        ({**RELEASE.digests, "battle-api": UNPUBLISHED}, "# No image of battle-api is published yet: a digest of"),
    ],
)
def test_component_names_images_that_are_not_published(digests: Mapping[str, str], header: str) -> None:
    release = replace(RELEASE, digests=digests)
    check_release(release, WORKLOADS, allow_unpublished=True)
    text = write_component(release, WORKLOADS)
    assert header in text
    assert ("published" in text) is bool(header)
    assert read_component(text, "release") == release


def test_another_image_is_another_job_and_the_same_image_the_same() -> None:
    assert job_name("static-data", A) == "static-data-a1a1a1a1a1"
    assert job_name("static-data", B) != job_name("static-data", A)


@pytest.mark.parametrize(
    ("digests", "message"),
    [
        ({"battle-api": A}, r"^The release has no digest for battle-cluster\.$"),
        ({**RELEASE.digests, "battle-apl": A}, r"^The manifests have no function battle-apl\.$"),
        ({**RELEASE.digests, "battle-api": UNPUBLISHED}, r"^The digest of battle-api is a placeholder; --allow"),
        *(
            ({**RELEASE.digests, "battle-api": digest}, r"^The digest of battle-api is not sha256: and 64 hex")
            for digest in ("", "latest", A[:-1], f"{A}0", A.upper(), A.replace("256", "512"), f"{A}\n", f" {A}")
        ),
    ],
)
def test_release_names_every_function_once_by_digest(digests: Mapping[str, str], message: str) -> None:
    check_release(RELEASE, WORKLOADS)
    with pytest.raises(ReleaseError, match=message):
        check_release(replace(RELEASE, digests=digests), WORKLOADS)


@pytest.mark.parametrize(
    "registry", ["registry.example.org/a", "localhost:5000/a", "kind-registry:5000/a", "ghcr.io/a/b-c"]
)
def test_registry_is_a_host_and_a_path(registry: str) -> None:
    check_release(replace(RELEASE, registry=registry), WORKLOADS)


@pytest.mark.parametrize(
    "registry",
    [
        "", "battlescope", "library/battlescope", "registry.example.org", "registry.example.org/", "https://ghcr.io/a",
        "ghcr.io/a/", "ghcr.io/A", "ghcr.io/a:1", "ghcr.io//a", "ghcr.io/a b", "ghcr.io/a\n",
    ],
)  # fmt: skip
def test_anything_else_is_no_registry(registry: str) -> None:
    with pytest.raises(ReleaseError, match=r"is not a host and a path"):
        check_release(replace(RELEASE, registry=registry), WORKLOADS)


def test_name_of_a_job_is_not_longer_than_a_label() -> None:
    longest = "m" * 52
    check_release(RELEASE, replace(WORKLOADS, jobs={longest: "battle-api"}))
    with pytest.raises(ReleaseError, match="has more than 63 characters"):
        check_release(RELEASE, replace(WORKLOADS, jobs={f"{longest}m": "battle-api"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no release component"),
        ("kind: Component", "is no release component"),
        ("images: [{name: a, newName: r.org/x/a, digest: 1}]", "is no release component"),
        ("images: [{name: a, newName: r.org/x/a, newTag: v1}]", "is no release component"),
        ("images: []", "names images of 0 registries"),
        (f"images: [{{name: a, newName: r.org/x/a, digest: '{A}'}}, {{name: b, newName: r.org/y/b, digest: '{A}'}}]",
         "names images of 2 registries"),
        (f"images: [{{name: a, newName: r.org/x/a, digest: '{A}'}}, {{name: a, newName: r.org/x/a, digest: '{B}'}}]",
         "names a twice"),
    ],
)  # fmt: skip
def test_what_is_no_component_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ReleaseError, match=f"^other.yaml {message}"):
        read_component(text, "other.yaml")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_committed_component_names_every_function_and_job(environment: str) -> None:
    """`make release` writes it; a new function or Job needs it again."""
    file = component_file(environment)
    text, workloads = file.read_text(), workloads_of(load(OVERLAYS.parent / "base"))
    release = read_component(text, str(file.relative_to(ROOT)))
    check_release(release, workloads, allow_unpublished=True)
    assert write_component(release, workloads) == text
