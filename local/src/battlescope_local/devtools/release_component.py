"""The release component of an overlay: images by registry and digest, and a name for each Job that its image decides.

The template of a Job cannot be changed. A Job whose name ends with the digest of its image is another Job in a release
with another image, and the same, unchanged Job otherwise.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from battlescope_local.errors import UserError
from battlescope_local.manifests.model import Manifests

UNPUBLISHED: Final = f"sha256:{'0' * 64}"
"""The digest of an image that nobody has published yet."""

JOB_DIGEST_LENGTH: Final = 10  # hexadecimal digits: two images of one function never share them
MAX_JOB_NAME: Final = 63  # characters; pods carry it as a label
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
# A host, because images without one are searched at Docker Hub, and a path.
_REGISTRY: Final = re.compile(
    r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+"
)
_HEADER: Final = """\
# Written by `make release`: the images of this environment's release. The name of each Job ends with the digest of its
# image, because a Job cannot be changed: another image is another Job, the same image the same Job."""


class ReleaseError(UserError):
    """A release that names not exactly what the manifests need."""


@dataclass(frozen=True, slots=True)
class Workloads:
    """What a release names: the images of the manifests by function, and the function that each Job belongs to."""

    images: Mapping[str, str]
    jobs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """The registry's prefix of all images, and the digest of each function's image."""

    registry: str
    digests: Mapping[str, str]


class _Image(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    newName: str  # noqa: N815  # the field of kustomize
    digest: str


class _Component(BaseModel):
    images: tuple[_Image, ...]


def workloads_of(manifests: Manifests) -> Workloads:
    containers = [workload.container for workload in (*manifests.services, *manifests.jobs)]
    images = {_function_of(container.image): container.image for container in containers}
    return Workloads(images, {job.name: _function_of(job.container.image) for job in manifests.jobs})


def check_release(release: Release, workloads: Workloads, *, allow_unpublished: bool = False) -> None:
    """Check that the release names every function of the manifests, and each name and digest.

    `allow_unpublished` accepts placeholders of images that do not exist yet; a cluster cannot run such a release.

    Raises:
        ReleaseError: it does not; a sentence names the first function, digest or registry that is wrong.
    """
    if not _REGISTRY.fullmatch(release.registry):
        message = (
            f"The registry {release.registry!r} is not a host and a path such as registry.example.org/battlescope."
        )
        raise ReleaseError(message)
    if missing := sorted(workloads.images.keys() - release.digests.keys()):
        raise ReleaseError(f"The release has no digest for {', '.join(missing)}.")
    if unknown := sorted(release.digests.keys() - workloads.images.keys()):
        raise ReleaseError(f"The manifests have no function {', '.join(unknown)}.")
    for function, digest in release.digests.items():
        if not _DIGEST.fullmatch(digest):
            raise ReleaseError(f"The digest of {function} is not sha256: and 64 hexadecimal digits: {digest!r}.")
    if (unpublished := _unpublished(release)) and not allow_unpublished:
        message = f"The digest of {', '.join(unpublished)} is a placeholder; --allow-unpublished accepts it."
        raise ReleaseError(message)
    for job, function in workloads.jobs.items():
        if len(name := job_name(job, release.digests[function])) > MAX_JOB_NAME:
            raise ReleaseError(f"The name of the Job {name} has more than {MAX_JOB_NAME} characters.")


def job_name(job: str, digest: str) -> str:
    return f"{job}-{digest.removeprefix('sha256:')[:JOB_DIGEST_LENGTH]}"


def write_component(release: Release, workloads: Workloads) -> str:
    """The text of the component's `kustomization.yaml`; `release` is checked."""
    lines = [_HEADER]
    if unpublished := _unpublished(release):
        which = "No image" if len(unpublished) == len(release.digests) else f"No image of {', '.join(unpublished)}"
        lines.append(f"# {which} is published yet: a digest of zeros is a placeholder.")
    lines += ["apiVersion: kustomize.config.k8s.io/v1alpha1", "kind: Component", "images:"]
    for function, image in sorted(workloads.images.items()):
        lines += [
            f"  - name: {image}",
            f"    newName: {release.registry}/{function}",
            f"    digest: {release.digests[function]}",
        ]
    lines.append("patches:")
    for job, function in sorted(workloads.jobs.items()):
        lines += [
            "  - target:",
            "      kind: Job",
            f"      name: {job}",
            "    options:",
            "      allowNameChange: true",
            "    patch: |-",
            "      - op: replace",
            "        path: /metadata/name",
            f"        value: {job_name(job, release.digests[function])}",
        ]
    return "\n".join(lines) + "\n"


def read_component(text: str, source: str) -> Release:
    """The release that the text of a component names; errors name the file `source`.

    Raises:
        ReleaseError: the text is no component, or its images are not all of one registry or not named as functions.
    """
    try:
        component = _Component.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ReleaseError(f"{source} is no release component: it is not YAML.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the document"
        raise ReleaseError(f"{source} is no release component: {field}: {first['msg']}.") from error
    registries = {image.newName.removesuffix(f"/{_function_of(image.name)}") for image in component.images}
    if len(registries) != 1:
        raise ReleaseError(f"{source} names images of {len(registries)} registries instead of one.")
    digests = unique_digests(((_function_of(image.name), image.digest) for image in component.images), source)
    return Release(registries.pop(), digests)


def unique_digests(pairs: Iterable[tuple[str, str]], source: str) -> Mapping[str, str]:
    """Digests by function. Raises `ReleaseError`: a function occurs twice."""
    digests: dict[str, str] = {}
    for function, digest in pairs:
        if function in digests:
            raise ReleaseError(f"{source} names {function} twice.")
        digests[function] = digest
    return digests


def _unpublished(release: Release) -> list[str]:
    return sorted(function for function, digest in release.digests.items() if digest == UNPUBLISHED)


def _function_of(image: str) -> str:
    """Images are named as the function that they contain."""
    return image.rpartition("/")[2]
