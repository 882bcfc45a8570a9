"""Which pods of other namespaces a function or Job may reach; network.yaml denies everything else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from battlescope_local.manifest_generator.yaml_text import Commented, Node
from battlescope_local.manifests.prerequisites import Workload

UPSTREAMS: Final = "upstreams"  # the ConfigMap with the addresses of upstreams: who has it, may reach the internet
HTTPS_PORT: Final = 443
# Not of the internet: private networks, carrier-grade NAT, loopback, link-local with the metadata of clouds, protocol
# assignments, documentation, benchmarks, multicast and reserved.
NO_INTERNET: Final = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4"),
    "240.0.0.0/4",
)
# All global addresses are in 2000::/3; excepted are protocol assignments with Teredo, documentation, and 6to4.
INTERNET_6: Final = "2000::/3"
NO_INTERNET_6: Final = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")


def egress_policy(
    name: str, labels: Mapping[str, Node], pods: Mapping[str, Node], workloads: Iterable[Workload], *, internet: bool
) -> Node:
    """Egress of the `pods` to the ports of the `workloads`, and to the internet over HTTPS where `internet` is set."""
    rules = [_to_workload(workload) for workload in workloads]
    if internet:
        rules.append(_to_internet())
    manifest: dict[str, Node] = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "podSelector": {"matchLabels": pods},
            "policyTypes": ["Egress"],
            "egress": rules,
        },
    }
    return Commented(manifest, "Beside DNS (network.yaml) the pods reach only this.")


def _to_workload(workload: Workload) -> Node:
    peers: list[Node] = []
    if workload.namespace is not None:
        peer: dict[str, Node] = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": workload.namespace}},
        }
        if workload.pods:
            peer["podSelector"] = {"matchLabels": dict(workload.pods)}
        peers.append(peer)
    peers += [{"ipBlock": {"cidr": cidr}} for cidr in workload.cidrs]
    return {"to": peers, "ports": _ports(workload.ports)}


def _to_internet() -> Node:
    blocks: list[Node] = [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(NO_INTERNET)}},
        {"ipBlock": {"cidr": INTERNET_6, "except": list(NO_INTERNET_6)}},
    ]
    return {
        "to": Commented(blocks, "Upstreams on the internet, without private networks."),
        "ports": _ports((HTTPS_PORT,)),
    }


def _ports(ports: Sequence[int]) -> list[Node]:
    return [{"protocol": "TCP", "port": port} for port in ports]
