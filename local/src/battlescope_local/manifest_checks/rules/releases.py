"""Releases: images by digest, and Jobs that each release has for itself, so that it can be applied after the last."""

import re
from collections.abc import Iterator
from typing import Final

from battlescope_local.devtools.release_component import UNPUBLISHED
from battlescope_local.manifest_checks.deployments import Deployment, containers
from battlescope_local.manifest_checks.nodes import Finding, Node
from battlescope_local.manifest_checks.rules.names import image_name
from battlescope_local.manifests.labels import DATABASE_LABEL, PHASE_LABEL
from battlescope_local.manifests.loading import JOB

PINNED: Final = re.compile(
    r"(?P<registry>[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?(/[a-z0-9._-]+)*)/[a-z0-9-]+@sha256:[0-9a-f]{64}"
)
DIGITS_IN_NAME: Final = 10
LONGEST_NAME: Final = 63  # of a Job: Kubernetes puts it into a label of its pods


def images_by_digest(deployment: Deployment) -> Iterator[Finding]:
    """A tag can move, and then Knative makes no new revision; without registry the node asks a public one."""
    digests: dict[str, str] = {}
    registries: dict[str, str] = {}
    for image in _images(deployment):
        name, digest = image_name(image.text), image.text.partition("@")[2]
        if deployment.environment is None:
            if image.text != f"battlescope/{name}":
                yield image.finding(f"must be battlescope/{name}: the overlays set registry and digest")
            continue
        match = PINNED.fullmatch(image.text)
        if not match:
            yield image.finding(f"must be REGISTRY/{name}@sha256:DIGEST, not {image.text}")
            continue
        if digests.setdefault(name, digest) != digest:
            yield image.finding(f"has another digest than the image of {name} elsewhere")
        others = [other for other, of_other in digests.items() if of_other == digest and other != name]
        if others and digest != UNPUBLISHED:
            yield image.finding(f"has the digest of {others[0]}, which is another image")
        registries.setdefault(match["registry"], image.text)
        if len(registries) > 1:
            yield image.finding("must be in the same registry as the other images")


def _images(deployment: Deployment) -> Iterator[Node]:
    for workload in deployment.workloads():
        for container in containers(workload):
            yield container["image"]


def jobs_named_by_digest(deployment: Deployment) -> Iterator[Finding]:
    """The pod template of a Job cannot be changed: a Job of the same name with another image is refused."""
    for job in deployment.of_kind(JOB):
        name = job.at("metadata.name")
        if len(name.text) > LONGEST_NAME:
            yield name.finding(f"must have at most {LONGEST_NAME} characters")
        for container in containers(job):
            digest = container["image"].text.partition("@sha256:")[2][:DIGITS_IN_NAME]
            if deployment.environment is not None and not name.text.endswith(f"-{digest}"):
                yield name.finding(f"must end with the first {DIGITS_IN_NAME} digits of its image's digest: -{digest}")


def schema_versions(deployment: Deployment) -> Iterator[Finding]:
    """Nothing orders Jobs before Services: each waits for the newest migration of its database that it knows."""
    owners = {database.name: database.owner for database in deployment.prerequisites.databases}
    for workload in deployment.workloads():
        labels = workload.at("metadata.labels")
        owner = deployment.functions.get(owners.get(labels[DATABASE_LABEL].text, ""))
        is_migration = labels[PHASE_LABEL].text == "migrate"
        if owner is None or owner.newest_migration is None or is_migration:
            continue
        for container in containers(workload):
            versions = [variable["value"] for variable in container["env"] if variable["name"].text == "SCHEMA_VERSION"]
            if [version.text for version in versions] != [owner.newest_migration]:
                place = versions[0] if versions else container["env"]
                yield place.finding(
                    f"SCHEMA_VERSION must be {owner.newest_migration}, the newest migration of {owner.name}"
                )
