"""Values of the charts that the platform installs: which of them a chart reads, and which it needs here.

Helm ignores a value that no template reads, so that a misspelt one installs something else without a word. A chart
that is upgraded has to be read again: `version` must be that of its release. No chart was pulled; `read` says what of
its source was read, and where that was another version.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

UNSIZED: Final = "the container is placed on a full node, or takes the memory of others"
LOST: Final = "the volume has the size of the chart's default"


@dataclass(frozen=True, slots=True)
class Chart:
    """A value is named by its path, in which `*` is any name and `[]` any item of a list.

    `needed` are those without which the chart's default is wrong here, each with what goes wrong then; `optional` are
    the others that may be set.
    """

    version: str
    read: str
    needed: Mapping[str, str]
    optional: AbstractSet[str] = frozenset()

    @property
    def accepted(self) -> AbstractSet[str]:
        return self.needed.keys() | self.optional


def _containers(*paths: str) -> dict[str, str]:
    """Requests and limits of containers, each below the value of its name."""
    sizes = ("requests.cpu", "requests.memory", "limits.memory")
    return {f"{path}.{size}".removeprefix("."): UNSIZED for path in paths for size in sizes}


CHARTS: Final[Mapping[str, Chart]] = {
    "cert-manager": Chart(
        version="v1.18.2",
        read="deploy/charts/cert-manager/values.yaml of a release after 1.17.0",
        needed={
            "crds.enabled": "the kind Certificate does not exist",
            "config.apiVersion": "the configuration is refused",
            "config.kind": "the configuration is refused",
            "config.enableGatewayAPI": "Gateways get no certificates",
            **_containers("resources", "webhook.resources", "cainjector.resources"),
        },
    ),
    "nginx-gateway-fabric": Chart(
        version="2.4.0",
        read="charts/nginx-gateway-fabric/values.yaml of a release 2.x",
        needed={
            "nginxGateway.gatewayClassName": "the class is nginx, and the Gateway of knative/optional/gateway has none",
            **_containers("nginxGateway.resources", "nginx.container.resources"),
        },
    ),
    "cloudnative-pg": Chart(
        version="0.26.0",
        read="charts/cloudnative-pg/values.yaml of an unknown release",
        needed=_containers("resources"),
    ),
    "cluster": Chart(
        version="0.3.1",
        read="charts/cluster/values.yaml; what is below affinity, in the definition of the kind Cluster",
        needed={
            "fullnameOverride": "the Service and the Secret of the superuser have other names than the outputs say",
            "version.postgresql": "the major version is that of the chart's default",
            "cluster.instances": "the number of instances is not that of sizes.yaml",
            "cluster.enableSuperuserAccess": "Terraform cannot sign in to create databases",
            "cluster.storage.size": LOST,
            "cluster.affinity.enablePodAntiAffinity": "all instances may be on the node that fails",
            "cluster.affinity.podAntiAffinityType": "all instances may be on the node that fails",
            "cluster.affinity.topologyKey": "instances are kept apart by zone, and one zone takes only one",
            "cluster.postgresql.parameters.max_connections": "100 connections are fewer than the pools of all pods",
            "cluster.postgresql.parameters.shared_buffers": "the cache has 128 MB, whatever memory there is",
            **_containers("cluster.resources"),
        },
        optional=frozenset(
            {"cluster.storage.storageClass", "cluster.postgresql.parameters.*", "backups.enabled"},
        ),
    ),
    "redpanda": Chart(
        version="25.1.1",
        read="charts/redpanda/chart/values.yaml and README.md of 25.1.1-beta3 and 25.2.3",
        needed={
            "statefulset.replicas": "there are three brokers, whatever the replicas of the topics",
            "external.enabled": "every node opens ports of Kafka to everybody who reaches it",
            "console.enabled": "the console runs, with every right and without a login",
            "tls.enabled": "passwords and events go over the network as they are",
            "auth.sasl.enabled": "everybody who reaches Kafka may read and write everything",
            "auth.sasl.secretRef": "the users of Kafka are in no Secret",
            "auth.sasl.users[].name": "Terraform cannot sign in to create topics",
            "auth.sasl.users[].password": "Terraform cannot sign in to create topics",
            "auth.sasl.users[].mechanism": "the user has the mechanism of the chart's default, maybe another one",
            "storage.persistentVolume.size": LOST,
            "resources.cpu.cores": UNSIZED,
            "resources.memory.container.min": UNSIZED,
            "resources.memory.container.max": UNSIZED,
            "config.cluster.auto_create_topics_enabled": "a misspelt topic is made instead of being an error",
        },
        optional=frozenset({"storage.persistentVolume.storageClass", "config.cluster.*"}),
    ),
    "kube-prometheus-stack": Chart(
        version="67.8.0",
        read="no file of the chart; its values as others set them in public repositories, of 55.0.0 and later",
        needed={
            "prometheus.prometheusSpec.retention": "metrics are kept for ten days, whatever retention_days says",
            "prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec.accessModes": "the claim is invalid",
            "prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests.storage": (
                "the claim is invalid, and without it metrics end with the pod"
            ),
            "prometheus.prometheusSpec.podMonitorSelectorNilUsesHelmValues": "monitors of others are not read",
            "prometheus.prometheusSpec.serviceMonitorSelectorNilUsesHelmValues": "monitors of others are not read",
            "grafana.adminPassword": "the password of the administrator is the one that everybody knows",
            **_containers("prometheus.prometheusSpec.resources", "grafana.resources"),
        },
        optional=frozenset({"alertmanager.enabled"}),
    ),
    "external-dns": Chart(
        version="1.19.0",
        read="charts/external-dns/values.yaml of an older release; provider.name in values.schema.json of a newer one",
        needed={
            "provider.name": "records are written at AWS",
            "sources": "records are those of Services and Ingresses, and HTTPRoutes have none",
            "domainFilters": "every zone of the account may be changed",
            "policy": "a later default may delete records of others",
            "txtOwnerId": "two installations of one zone take each other's records for their own",
            "env[].name": "the provider refuses to be signed in to",
            "env[].value": "the provider refuses to be signed in to",
            **_containers("resources"),
        },
    ),
}
