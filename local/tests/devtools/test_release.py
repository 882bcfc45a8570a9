"""The command, on a copy of the overlays, and what kustomize makes of its releases."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from battlescope_local.devtools.release import OVERLAYS, component_file, main
from battlescope_local.devtools.release_component import read_component, workloads_of
from battlescope_local.manifests import load

REGISTRY = "ghcr.io/example/battlescope"
WORKLOADS = workloads_of(load(OVERLAYS.parent / "base"))
FUNCTIONS = sorted(WORKLOADS.images)
KUBECTL = shutil.which("kubectl")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: kustomize is not run")


FIRST = {function: f"sha256:{number:x}{'c' * 63}" for number, function in enumerate(FUNCTIONS)}
SECOND = FIRST | {"killmail-enrich": f"sha256:{'e' * 64}", "battle-api": f"sha256:{'d' * 64}"}


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    """A copy of the overlays, beside a copy of what they include."""
    shutil.copytree(OVERLAYS.parent, tmp_path / "knative")
    return tmp_path / "knative" / OVERLAYS.name


def digests_file(folder: Path, digests: dict[str, str]) -> Path:
    file = folder / "digests.txt"
    file.write_text("# built by CI\n\n" + "".join(f"{name}  {digest}\n" for name, digest in digests.items()))
    return file


def run(overlays: Path, *arguments: str) -> None:
    main([*arguments, "--overlays", str(overlays)])


def write_release(overlays: Path, environment: str, digests: dict[str, str]) -> None:
    file = digests_file(overlays.parent, digests)
    run(overlays, environment, "--registry", REGISTRY, "--digests", str(file))


def read(overlays: Path, environment: str) -> tuple[str, dict[str, str]]:
    release = read_component(component_file(environment, overlays).read_text(), environment)
    return release.registry, dict(release.digests)


def test_release_from_a_file(overlays: Path) -> None:
    write_release(overlays, "staging", FIRST)
    assert read(overlays, "staging") == (REGISTRY, FIRST)


def test_release_from_arguments(overlays: Path) -> None:
    images = [argument for name, digest in FIRST.items() for argument in ("--image", f"{name}={digest}")]
    run(overlays, "staging", "--registry", REGISTRY, *images)
    assert read(overlays, "staging") == (REGISTRY, FIRST)


def test_release_of_staging_is_promoted_and_one_image_replaced(overlays: Path) -> None:
    write_release(overlays, "staging", FIRST)
    staging = str(component_file("staging", overlays))
    run(overlays, "production", "--from-kustomization", staging)
    assert component_file("production", overlays).read_text() == Path(staging).read_text()
    image = f"battle-api={SECOND['battle-api']}"
    run(overlays, "production", "--from-kustomization", staging, "--registry", "r.example/x", "--image", image)
    assert read(overlays, "production") == ("r.example/x", FIRST | {"battle-api": SECOND["battle-api"]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "The release has no registry; name one with --registry."),
        (["--registry", REGISTRY], f"The release has no digest for {', '.join(FUNCTIONS)}."),
        (["--image", "battle-api"], "'battle-api' is not a function and its digest."),
        (["--image", "battle-api=a", "--image", "battle-api=b"], "The command line names battle-api twice."),
        (["--digests", "nowhere.txt"], "nowhere.txt cannot be read: No such file or directory."),
    ],
)
def test_incomplete_release_is_refused_and_nothing_written(overlays: Path, arguments: list[str], message: str) -> None:
    before = component_file("staging", overlays).read_text()
    with pytest.raises(SystemExit) as exit_info:
        run(overlays, "staging", *arguments)
    assert exit_info.value.code == message
    assert component_file("staging", overlays).read_text() == before


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("battle-api", "'battle-api' is not a function and its digest."),
        ("battle-api a b", "'battle-api a b' is not a function and its digest."),
        ("battle-api a\nbattle-api b", "names battle-api twice."),
    ],
)
def test_invalid_file_of_digests_is_refused(overlays: Path, tmp_path: Path, lines: str, message: str) -> None:
    file = tmp_path / "digests.txt"
    file.write_text(lines)
    with pytest.raises(SystemExit, match=message):
        run(overlays, "staging", "--digests", str(file))


def test_overlay_must_exist(overlays: Path) -> None:
    with pytest.raises(SystemExit, match=r"^There is no overlay test in .*, only production, staging\.$"):
        run(overlays, "test", "--registry", REGISTRY)


def test_digest_from_a_file_and_from_an_argument_is_ambiguous(overlays: Path, tmp_path: Path) -> None:
    file = digests_file(tmp_path, FIRST)
    with pytest.raises(SystemExit, match=r"^Both --digests and --image name battle-api\.$"):
        run(overlays, "staging", "--digests", str(file), "--image", f"battle-api={FIRST['battle-api']}")


def build(overlay: Path) -> list[dict[str, Any]]:
    """The objects that kustomize builds of an overlay."""
    assert KUBECTL is not None
    built = subprocess.run([KUBECTL, "kustomize", str(overlay)], check=True, capture_output=True, text=True).stdout
    return list(yaml.safe_load_all(built))


def images_of(built: object) -> set[str]:
    """The image of every container in the objects."""
    match built:
        case {"image": str(image)}:
            return {image}
        case dict():
            return images_of(list(built.values()))
        case list():
            return set[str]().union(*map(images_of, built))
        case _:
            return set()


def jobs_of(built: list[dict[str, Any]]) -> dict[str, str]:
    """The image of each Job, by name."""
    jobs = [document for document in built if document["kind"] == "Job"]
    return {job["metadata"]["name"]: images_of(job).pop() for job in jobs}


@needs_kubectl
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_next_release_has_new_jobs_for_new_images_and_the_same_jobs_for_others(
    overlays: Path, environment: str
) -> None:
    built = list[list[dict[str, Any]]]()
    for digests in (FIRST, FIRST, SECOND):
        write_release(overlays, environment, digests)
        built.append(build(overlays / environment))
        assert images_of(built[-1]) == {f"{REGISTRY}/{name}@{digest}" for name, digest in digests.items()}
    first, again, second = built
    assert again == first
    before, after = jobs_of(first), jobs_of(second)
    assert len(before) == len(after) == len(WORKLOADS.jobs)
    assert (
        {name.rpartition("-")[0] for name in after.keys() - before.keys()}
        == {job for job, function in WORKLOADS.jobs.items() if SECOND[function] != FIRST[function]}
        == {"migrate-killmails", "static-data"}
    )
    assert all(before[name] == after[name] for name in before.keys() & after.keys())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff\xfe\x00", "is no text."),
        (b"images: [", "is no release component: it is not YAML."),
        (b"\x00", "is no release component: it is not YAML."),
        (b"kind: Component", "is no release component: images: Field required."),
        (b"- a", "is no release component: the document: Input should be a valid dictionary or instance of"),
        (b"images: [{name: a, newName: b}]", "is no release component: images.0.digest: Field required."),
    ],
)
def test_file_that_is_no_release_is_one_sentence(
    overlays: Path, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "other.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit) as raised:
        run(overlays, "production", "--from-kustomization", str(file))
    assert str(raised.value.code).startswith(f"{file} {sentence}")
    assert "\n" not in str(raised.value.code)
