"""The optional fence: what all namespaces share takes requests only from where they must come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from battlescope_local.manifest_checks.deployments import WholeProject
from battlescope_local.manifest_checks.nodes import Finding, Node, node
from battlescope_local.manifest_checks.rules.network import peer_name
from battlescope_local.manifests.loading import NETWORK_POLICY

COMPONENT: Final = "ingress-fence"
Ports = frozenset[int]


@dataclass(frozen=True, slots=True)
class Fence:
    """Ports that take requests, by the entry of prerequisites.yaml that may use them, and those open to everyone."""

    peers: Mapping[str, Ports]
    open_ports: Ports


# By the entry of the pods that the fence is around. Ports of Kourier: 8081 and 8444 take requests to cluster-local
# Services. Ports of the receiver of Kafka Brokers: 8080 and 8443 take events.
FENCES: Final[Mapping[str, Fence]] = {
    "ingress": Fence(
        {
            "eventing": frozenset({8081}),
            "gateway": frozenset({8081}),
            "ingress-controller": frozenset({8080, 8081, 8443, 8444, 8090, 9443}),
        },
        frozenset({8080, 8443, 9000}),
    ),
    "broker-ingress": Fence(
        {"own namespace": frozenset({8080}), "kafka-controller": frozenset({8080, 8443})},
        frozenset({9090}),
    ),
}


def fence_encloses_what_is_shared(project: WholeProject) -> Iterator[Finding]:
    """A fence with a gap, or around no pod, lets every pod of the cluster post forged events to functions."""
    policies = [node(built) for built in project.components[COMPONENT] if built.kind == NETWORK_POLICY[1]]
    workloads = {entry.name: entry for entry in project.base.prerequisites.workloads}
    enclosed = set[str]()
    for policy in policies:
        selector = policy.at("spec.podSelector")
        names = [
            name
            for name in FENCES.keys() & workloads.keys()
            if workloads[name].namespace == policy.owner.namespace
            and selector.value == {"matchLabels": dict(workloads[name].pods)}
        ]
        if not names:
            yield selector.finding(f"must be pods of prerequisites.yaml in their namespace: {', '.join(FENCES)}")
        for name in names:
            enclosed.add(name)
            yield from _gaps(project, policy, FENCES[name])
    for name in sorted(FENCES.keys() - enclosed):
        yield Finding(f"knative/optional/{COMPONENT}", "", "", f"no NetworkPolicy encloses {name}")


def _gaps(project: WholeProject, policy: Node, fence: Fence) -> Iterator[Finding]:
    allowed: dict[str, set[int]] = {}
    if [direction.text for direction in policy.at("spec.policyTypes")] != ["Ingress"]:
        yield policy.at("spec.policyTypes").finding("must be [Ingress]")
    for rule in policy.at("spec.ingress"):
        ports = {port["port"].whole or 0 for port in rule["ports"]}
        if not list(rule["from"]) and ports ^ fence.open_ports:
            yield rule["ports"].finding(f"must be {_shown(fence.open_ports)}: these ports are open to everyone")
        for peer in rule["from"]:
            name = _name(project, peer)
            allowed.setdefault(name, set()).update(ports)
            if superfluous := ports - fence.peers.get(name, frozenset()):
                yield peer.finding(f"lets {name} in at {_shown(superfluous)}, which it does not need")
    for name, needed in fence.peers.items():
        if missing := needed - allowed.get(name, set()):
            yield policy.at("spec.ingress").finding(f"must let {name} in at {_shown(missing)}")


def _name(project: WholeProject, peer: Node) -> str:
    return "own namespace" if is_own_namespace(project, peer) else peer_name(project.base, peer)


def is_own_namespace(project: WholeProject, peer: Node) -> bool:
    """Whether a peer is the whole namespace of the project."""
    own = {"matchLabels": {"kubernetes.io/metadata.name": project.base.namespace}}
    return peer.value == {"namespaceSelector": own}


def _shown(ports: frozenset[int] | set[int]) -> str:
    return ", ".join(map(str, sorted(ports)))
