"""Which pods must reach which others: derived from what Services, Jobs, SinkBindings and sources need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from battlescope_local.manifest_checks.deployments import Deployment, config_map_names, containers, secret_names
from battlescope_local.manifest_checks.fields.kinds import EVENT_TRANSFORM, KAFKA_SOURCE
from battlescope_local.manifest_checks.nodes import Node
from battlescope_local.manifests.loading import CONFIG_MAP, SERVICE, SINK_BINDING
from battlescope_local.manifests.prerequisites import Workload

Ports = frozenset[tuple[str, int]]  # protocol and port
HTTPS: Final[Ports] = frozenset({("TCP", 443)})
DNS: Final[Ports] = frozenset({("UDP", 53), ("TCP", 53)})
INTERNET: Final = "internet"
# Entries of prerequisites.yaml that the platform itself needs.
DNS_PODS: Final = "dns"
BROKER_PODS: Final = "broker-ingress"
SOURCE_PODS: Final = "kafka-source-dispatcher"
# Which pods a key of a Secret leads to.
KEY_PODS: Final = {
    "DATABASE_URL": "postgresql",
    "S3_ENDPOINT_URL": "object-storage",
    "REDIS_URL": "valkey",
    "TYPESENSE_URL": "typesense",
}
# Ports of the queue-proxy (knative.dev/serving, pkg/networking): 8012 takes requests and probes, 9090 has metrics.
# While a function has no pod, requests come from the activator.
SERVING_PODS: Final[Mapping[str, Ports]] = {
    "ingress": frozenset({("TCP", 8012)}),
    "activator": frozenset({("TCP", 8012)}),
    "autoscaler": frozenset({("TCP", 8012), ("TCP", 9090)}),
}
TRANSFORM_PORTS: Final[Ports] = frozenset({("TCP", 8080)})  # of the pod that Knative runs for an EventTransform


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of a Service, Job or EventTransform: their labels, and the entries and ports that they need."""

    owner: Node
    labels: Mapping[str, str]
    egress: Mapping[str, Ports]
    ingress: Mapping[str, Ports]


def all_pods(deployment: Deployment) -> Iterator[Pods]:
    bound = {binding.at("spec.subject.name").text for binding in deployment.of_kind(SINK_BINDING)}
    for workload in deployment.workloads():
        is_service = (workload["apiVersion"].text, workload["kind"].text) == SERVICE
        labels = workload.at("spec.template.metadata.labels").texts
        own = (
            {"serving.knative.dev/service": workload.name}
            if is_service
            else {"batch.kubernetes.io/job-name": workload.name}
        )
        needed = set(_needed(deployment, workload))
        if is_service and workload.name in bound:
            needed.add(BROKER_PODS)
        yield Pods(workload, {**labels, **own}, _with_ports(deployment, needed), SERVING_PODS if is_service else {})
    sources = {source.at("spec.sink.ref.name").text for source in deployment.of_kind(KAFKA_SOURCE)}
    for transform in deployment.of_kind(EVENT_TRANSFORM):
        yield Pods(
            transform,
            {"eventing.knative.dev/event-transform-name": transform.name},
            _with_ports(deployment, {BROKER_PODS}),
            {SOURCE_PODS: TRANSFORM_PORTS} if transform.name in sources else {},
        )


def _needed(deployment: Deployment, workload: Node) -> Iterator[str]:
    """Entries that the Secrets and ConfigMaps of a Service or Job lead to."""
    keys = {secret.name: secret.keys for secret in deployment.prerequisites.secrets}
    config_maps = {config.name: config["data"].texts for config in deployment.of_kind(CONFIG_MAP)}
    for container in containers(workload):
        for name in secret_names(container):
            yield from (KEY_PODS[key] for key in keys.get(name, ()) if key in KEY_PODS)
        for name in config_map_names(container):
            values = config_maps.get(name, {}).items()
            if any(key.endswith("_URL") and value.startswith("https://") for key, value in values):
                yield INTERNET


def _with_ports(deployment: Deployment, needed: set[str]) -> Mapping[str, Ports]:
    """Ports by peer: the pods of an entry, and each of its networks."""
    entries = {entry.name: entry for entry in deployment.prerequisites.workloads}
    ports: dict[str, Ports] = {}
    for name in {DNS_PODS, *needed}:
        if name == INTERNET or name not in entries:
            ports[name] = HTTPS if name == INTERNET else frozenset()
            continue
        listed = DNS if name == DNS_PODS else frozenset(("TCP", port) for port in entries[name].ports)
        for peer in peer_names(entries[name]):
            ports[peer] = ports.get(peer, frozenset()) | listed  # entries may share a network
    return ports


def peer_names(entry: Workload) -> tuple[str, ...]:
    """A name for each peer that policies have for the entry: its pods have that of the entry itself."""
    pods = () if entry.namespace is None else (entry.name,)
    return (*pods, *map(network_name, entry.cidrs))


def network_name(cidr: str) -> str:
    return f"the network {cidr}"
