"""The kinds that the manifests may have, each with its fields."""

from collections.abc import Mapping
from typing import Final

from battlescope_local.manifest_checks.fields import cluster, eventing, pods
from battlescope_local.manifest_checks.fields.shapes import Mapped
from battlescope_local.manifests.loading import (
    BROKER,
    CONFIG_MAP,
    HTTP_ROUTE,
    JOB,
    KAFKA_SINK,
    NAMESPACE,
    NETWORK_POLICY,
    PING_SOURCE,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    SINK_BINDING,
    TRIGGER,
)

Kind = tuple[str, str]  # apiVersion and kind

EVENT_TRANSFORM: Final[Kind] = ("eventing.knative.dev/v1alpha1", "EventTransform")
KAFKA_SOURCE: Final[Kind] = ("sources.knative.dev/v1", "KafkaSource")

# Kinds of what is applied: base and overlays.
DEPLOYED: Final[Mapping[Kind, Mapped]] = {
    BROKER: eventing.BROKER,
    CONFIG_MAP: cluster.CONFIG_MAP,
    EVENT_TRANSFORM: eventing.EVENT_TRANSFORM,
    HTTP_ROUTE: cluster.HTTP_ROUTE,
    JOB: pods.JOB,
    KAFKA_SINK: eventing.KAFKA_SINK,
    KAFKA_SOURCE: eventing.KAFKA_SOURCE,
    NAMESPACE: cluster.NAMESPACE,
    NETWORK_POLICY: cluster.NETWORK_POLICY,
    PING_SOURCE: eventing.PING_SOURCE,
    SERVICE: pods.SERVICE,
    SERVICE_ACCOUNT: cluster.SERVICE_ACCOUNT,
    SINK_BINDING: eventing.SINK_BINDING,
    TRIGGER: eventing.TRIGGER,
}
# Kinds of the optional components, which an operator adapts and applies apart.
OPTIONAL: Final[Mapping[Kind, Mapped]] = {
    ("gateway.networking.k8s.io/v1", "Gateway"): cluster.GATEWAY,
    ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"): cluster.REFERENCE_GRANT,
    ("cert-manager.io/v1", "Certificate"): cluster.CERTIFICATE,
    ("external-secrets.io/v1", "ExternalSecret"): cluster.EXTERNAL_SECRET,
    SECRET: cluster.SECRET,
    NAMESPACE: cluster.NAMESPACE,
    HTTP_ROUTE: cluster.REDIRECT,
    NETWORK_POLICY: cluster.INGRESS_FENCE,
}
