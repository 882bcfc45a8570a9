"""Pods do no harm: rights, accounts, limits, no credentials in plain text."""

import re
from collections.abc import Iterator
from typing import Final

from battlescope_local.manifest_checks.deployments import Deployment, containers, pod
from battlescope_local.manifest_checks.nodes import Finding, Node, node
from battlescope_local.manifests.labels import BACKGROUND_SUFFIX
from battlescope_local.manifests.loading import SECRET, SERVICE, SERVICE_ACCOUNT

SIDECAR_LIMIT: Final = "queue.sidecar.serving.knative.dev/ephemeral-storage-resource-limit"
RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
UNITS: Final = {"": 1.0, "m": 1e-3, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}
CREDENTIAL_NAME: Final = re.compile(r"(?i)password|token|secret|credential|(access|api|private)_?key|_url$")
CREDENTIAL_IN_URL: Final = re.compile(r"[a-z]+://[^/\s:@]+:[^/\s@]+@")
PRIVATE_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
DATABASE_URL: Final = re.compile(r"(?i)^(postgres(ql)?|rediss?)://")


def restricted_containers(deployment: Deployment) -> Iterator[Finding]:
    """A process that is taken over must find no rights: the fields are those that the Pod Security Standard demands.

    The number of the user must stand here, because an image's user name does not prove that it is not root.
    """
    for workload in deployment.workloads():
        for container in containers(workload):
            context = container["securityContext"]
            for name in ("runAsUser", "runAsGroup"):
                if not context[name].whole:
                    yield context[name].finding(
                        f"must be the number of a user that is not root, not {context[name].value!r}"
                    )
            yield from _unrestricted(context)


def _unrestricted(context: Node) -> Iterator[Finding]:
    flags = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    for name, right in flags.items():
        if context[name].value is not right:
            yield context[name].finding(f"must be {str(right).lower()}")
    if [dropped.text for dropped in context.at("capabilities.drop")] != ["ALL"]:
        yield context.at("capabilities.drop").finding("must be [ALL]")
    if context.at("seccompProfile.type").text != "RuntimeDefault":
        yield context.at("seccompProfile.type").finding("must be RuntimeDefault")


def bounded_resources(deployment: Deployment) -> Iterator[Finding]:
    """A container without a limit takes memory or disk from all other pods of its node."""
    for workload in deployment.workloads():
        for container in containers(workload):
            for name in RESOURCES:
                yield from _unbounded(container["resources"], name)
        sidecar = workload.at("spec.template.metadata.annotations")[SIDECAR_LIMIT]
        if workload.owner.kind == SERVICE[1] and not sidecar.exists:
            yield sidecar.finding("must be set: the queue-proxy writes a log line for each request")
        for volume in pod(workload)["volumes"]:
            if not volume.at("emptyDir.sizeLimit").exists:
                yield volume.at("emptyDir.sizeLimit").finding("must be set, or the volume fills the disk of its node")


def _unbounded(resources: Node, name: str) -> Iterator[Finding]:
    request, limit = resources["requests"][name], resources["limits"][name]
    for bound in (request, limit):
        if amount(bound) is None:
            yield bound.finding("must be set, as a quantity such as 100m or 128Mi")
    if (amount(request) or 0) > (amount(limit) or float("inf")):
        yield request.finding(f"must not be above the limit {limit.value}")


def amount(quantity: Node) -> float | None:
    """Value of a quantity in its base unit; None where it is none."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(m|Ki|Mi|Gi)?", quantity.text)
    return float(match[1]) * UNITS[match[2] or ""] if match else None


def scratch_fits_its_limit(deployment: Deployment) -> Iterator[Finding]:
    """The kubelet evicts a pod whose volumes exceed the container's limit of ephemeral storage."""
    for workload in deployment.workloads():
        volumes = {volume["name"].text: volume for volume in pod(workload)["volumes"]}
        sizes = sum(amount(volume.at("emptyDir.sizeLimit")) or 0 for volume in volumes.values())
        mounted = {mount["name"].text for container in containers(workload) for mount in container["volumeMounts"]}
        for container in containers(workload):
            limit = container.at("resources.limits")["ephemeral-storage"]
            if sizes > (amount(limit) or float("inf")):
                yield limit.finding("must be at least the sizeLimit of the pod's volumes")
        for name in sorted(mounted ^ volumes.keys()):
            yield pod(workload)["volumes"].finding(f"volume {name} must be both defined and mounted")


def own_accounts_without_token(deployment: Deployment) -> Iterator[Finding]:
    """No function uses the API of Kubernetes: each has an account of its own, and no pod holds a token."""
    accounts = {account.name: account for account in deployment.of_kind(SERVICE_ACCOUNT)}
    users: dict[str, str] = {}
    for workload in deployment.workloads():
        name = pod(workload)["serviceAccountName"]
        user = f"{workload.owner.kind} {workload.name.removesuffix(BACKGROUND_SUFFIX)}"
        if name.text not in accounts:
            yield name.finding(f"there is no ServiceAccount {name.text or '(none is named)'}")
        elif users.get(name.text, user) != user:
            yield name.finding(f"must be an account of its own, not that of {users[name.text]}")
        users[name.text] = user
        yield from _token(pod(workload))
    for name, account in accounts.items():
        yield from _token(account)
        if name not in users:
            yield account.finding("no Service or Job uses this account")


def _token(owner: Node) -> Iterator[Finding]:
    token = owner["automountServiceAccountToken"]
    if token.value is not False:
        yield token.finding("must be false")


def pull_secrets_on_all_accounts(deployment: Deployment) -> Iterator[Finding]:
    """All images are in one registry: a pod whose account lacks the Secret that others have cannot pull its image."""
    accounts = deployment.of_kind(SERVICE_ACCOUNT)
    names = {secret["name"].text for account in accounts for secret in account["imagePullSecrets"]}
    for account in accounts:
        for name in sorted(names - {secret["name"].text for secret in account["imagePullSecrets"]}):
            yield account["imagePullSecrets"].finding(f"must have {name}, as other accounts have")


def no_credentials(deployment: Deployment) -> Iterator[Finding]:
    """A credential in the project is known to everyone who can read it, for ever: Secrets are made elsewhere."""
    for built in deployment.objects:
        if (built.api_version, built.kind) == SECRET:
            yield node(built).finding("must not be part of the manifests; prerequisites.yaml lists Secrets")
        for value in node(built).below():
            if CREDENTIAL_IN_URL.search(value.text) or PRIVATE_KEY.search(value.text):
                yield value.finding("must not hold a credential; take it from a Secret")
    for workload in deployment.workloads():
        for container in containers(workload):
            yield from _literal_credentials(container)


def _literal_credentials(container: Node) -> Iterator[Finding]:
    for variable in container["env"]:
        name, value = variable["name"].text, variable["value"].text
        if value and CREDENTIAL_NAME.search(name) and (not name.endswith("_URL") or DATABASE_URL.match(value)):
            yield variable["value"].finding(f"{name} must come from a Secret")
