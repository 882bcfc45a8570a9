"""What knative/platform installs is that for which the manifests are written, in the sizes of the table."""

import re
from collections.abc import Iterator
from typing import Final

from battlescope_local.manifest_checks.cluster_tools import SCHEMA_FOLDERS
from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import Configuration
from battlescope_local.terraform_checks.schemas import Schemas

COMPONENTS: Final = "knative/platform/components/kustomization.yaml"
RELEASE: Final = re.compile(r"/releases/download/(?:knative-)?(v\d+\.\d+\.\d+)/")
# By what they are released as; 0.50 of the modules is 1.23 of Knative.
GATEWAY_API: Final = "kubernetes-sigs/gateway-api"
KNATIVE: Final = "v1.23.0"


def pinned_releases(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Manifests are checked against the schemas of these versions and no others."""
    gateway = next(version for module, version, _ in SCHEMA_FOLDERS if module == "sigs.k8s.io/gateway-api")
    for file, kustomization in configuration.platform.items():
        for url in kustomization["resources"]:
            release = RELEASE.search(url)
            wanted = gateway if GATEWAY_API in url else KNATIVE
            if release is None or release[1] != wanted:
                yield Finding(file, "", url, f"must be of the release {wanted}")


def requests_of_the_table(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """The table that says whether everything fits would be about other pods."""
    requested = dict[str, str]()
    for patch in configuration.platform[COMPONENTS]["patches"]:
        if "/resources/requests" in patch["patch"]:
            requested[patch["target"]["name"]] = patch["patch"]
    for name, part in configuration.sizes["knative"].items():
        size = f"cpu: {part['cpu_millicores']}m, memory: {part['memory_mib']}Mi"
        if name in requested and size not in requested[name]:
            yield Finding(COMPONENTS, "", name, f"must request {size}, as sizes.yaml says")
    for name in sorted(requested.keys() - configuration.sizes["knative"].keys()):
        yield Finding(COMPONENTS, "", name, "is missing in sizes.yaml")
