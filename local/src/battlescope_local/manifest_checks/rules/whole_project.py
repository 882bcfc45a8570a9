"""Rules over files and several builds, which no single deployment shows."""

import re
from collections.abc import Iterator

import yaml

from battlescope_local.manifest_checks.deployments import WholeProject, prerequisite_finding
from battlescope_local.manifest_checks.fields.kinds import OPTIONAL
from battlescope_local.manifest_checks.fields.shapes import mismatches
from battlescope_local.manifest_checks.nodes import Finding, Node, node
from battlescope_local.manifest_checks.rules.fence import is_own_namespace
from battlescope_local.manifest_checks.rules.flows import all_pods, peer_names
from battlescope_local.manifest_checks.rules.network import peer_name
from battlescope_local.manifests import ManifestError, load
from battlescope_local.manifests.kustomize import KUSTOMIZATION, ManifestObject
from battlescope_local.manifests.loading import NETWORK_POLICY, SECRET
from battlescope_local.manifests.prerequisites import FILE_NAME


def local_mode_reads_base(project: WholeProject) -> Iterator[Finding]:
    """What runs on one machine and what a cluster gets are the same files, or tests prove nothing about the cluster."""
    try:
        load(project.manifests / "base")
    except ManifestError as error:
        yield Finding("knative/base", "", "", str(error))


def generated_files_are_fresh(project: WholeProject) -> Iterator[Finding]:
    """A manifest that was edited by hand loses the edit with the next `make generate`."""
    for path, text in project.generated:
        if not path.is_file() or path.read_text() != text:
            yield Finding(str(path.relative_to(project.root)), "", "", "differs from its source; run `make generate`")


def every_file_is_listed(project: WholeProject) -> Iterator[Finding]:
    """A file that no kustomization lists is never applied, and nobody notices."""
    used = {found.file for deployment in project.deployments for found in deployment.objects}
    for folder in ("base", "cluster"):
        for file in sorted((project.manifests / folder).rglob("*.yaml")):
            path = str(file.relative_to(project.root))
            if path not in used and file.name not in (KUSTOMIZATION, FILE_NAME):
                yield Finding(path, "", "", "no kustomization lists this file")
    for kustomization in sorted((project.manifests / "overlays").glob(f"*/{KUSTOMIZATION}")):
        text = kustomization.read_text()
        for file in sorted(kustomization.parent.glob("*.yaml")):
            if file.name not in text and file != kustomization:
                path = str(file.relative_to(project.root))
                yield Finding(path, "", "", "no kustomization lists this file")


def optional_components(project: WholeProject) -> Iterator[Finding]:
    """Operators fill in copies of these: their fields must be right, and no value may stand in the project."""
    for built in (built for objects in project.components.values() for built in objects):
        shape = OPTIONAL.get((built.api_version, built.kind))
        if shape is None:
            yield node(built).finding(f"{built.kind} of {built.api_version} is no kind of the optional components")
        else:
            yield from mismatches(node(built), shape)


def templates_of_all_secrets(project: WholeProject) -> Iterator[Finding]:
    """A Secret without template is found missing when its pod does not start."""
    expected = {secret.name: set(secret.keys) for secret in project.base.prerequisites.secrets}
    for name, objects in project.components.items():
        templates = {built.name: _keys(built) for built in objects} if name.startswith("secrets-") else expected
        wrong = sorted(key for key in {*templates, *expected} if templates.get(key) != expected.get(key))
        if wrong:
            yield Finding(
                f"knative/optional/{name}", "", "", f"must have the keys of prerequisites.yaml: {', '.join(wrong)}"
            )
        for entry in (entry for built in objects for entry in node(built).at("spec.data")):
            if entry.at("remoteRef.property").text != entry["secretKey"].text:
                yield entry.at("remoteRef.property").finding(f"must be {entry['secretKey'].text}, like the key")


def templates_are_encrypted(project: WholeProject) -> Iterator[Finding]:
    """SOPS leaves what its rules do not name in plain text, and says nothing."""
    file = project.manifests / "optional" / "secrets-sops" / ".sops.yaml"
    raw = ManifestObject(yaml.safe_load(file.read_text()), str(file.relative_to(project.root)))
    rules = list(Node(raw, raw.raw)["creation_rules"])
    for rule in rules:
        for name, text in (("path_regex", "secrets.yaml"), ("encrypted_regex", "stringData")):
            if not _matches(rule[name].text, text):
                yield Finding(raw.file, "", rule[name].path, f"must match {text}, which has the values")
    if not rules:
        yield Finding(raw.file, "", "creation_rules", "must have a rule")


def _matches(pattern: str, text: str) -> bool:
    try:
        return bool(pattern) and re.search(pattern, text) is not None
    except re.error:
        return False


def _keys(built: ManifestObject) -> set[str]:
    if (built.api_version, built.kind) == SECRET:
        return {key for key, _ in node(built)["stringData"].entries()}
    return {entry["secretKey"].text for entry in node(built).at("spec.data")}


def used_workloads(project: WholeProject) -> Iterator[Finding]:
    """Pods that no policy needs do not belong in prerequisites.yaml; those that one names must stand there."""
    listed = {name for entry in project.base.prerequisites.workloads for name in peer_names(entry)}
    needed = {
        name
        for deployment in project.deployments
        for pods in all_pods(deployment)
        for name in (*pods.egress, *pods.ingress)
    }
    optional = [node(built) for objects in project.components.values() for built in objects]
    policies = [found for found in optional if found.owner.kind == NETWORK_POLICY[1]]
    for peer in (peer for policy in policies for rule in policy.at("spec.ingress") for peer in rule["from"]):
        if is_own_namespace(project, peer):
            continue
        name = peer_name(project.base, peer)
        needed.add(name)
        if name not in listed:
            yield peer.finding(f"prerequisites.yaml lists no such pods: {name}")
    for name in sorted(listed - needed):
        yield prerequisite_finding(f"workloads.{name}", "no pod and no optional policy needs it")
