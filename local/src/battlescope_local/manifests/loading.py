"""Loads a folder into `Manifests`: the supported kinds and their readers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from battlescope_local.manifests import eventing, routes, serving, sources
from battlescope_local.manifests.documents import Document, documents
from battlescope_local.manifests.model import Manifests
from battlescope_local.manifests.prerequisites import FILE_NAME as PREREQUISITES
from battlescope_local.manifests.prerequisites import Topic, load_prerequisites
from battlescope_local.manifests.references import check_references

T = TypeVar("T")

SERVICE: Final = ("serving.knative.dev/v1", "Service")
BROKER: Final = ("eventing.knative.dev/v1", "Broker")
TRIGGER: Final = ("eventing.knative.dev/v1", "Trigger")
KAFKA_SINK: Final = ("eventing.knative.dev/v1alpha1", "KafkaSink")
PING_SOURCE: Final = ("sources.knative.dev/v1", "PingSource")
SINK_BINDING: Final = ("sources.knative.dev/v1", "SinkBinding")
HTTP_ROUTE: Final = ("gateway.networking.k8s.io/v1", "HTTPRoute")
CONFIG_MAP: Final = ("v1", "ConfigMap")
SECRET: Final = ("v1", "Secret")
JOB: Final = ("batch/v1", "Job")
NAMESPACE: Final = ("v1", "Namespace")
SERVICE_ACCOUNT: Final = ("v1", "ServiceAccount")
NETWORK_POLICY: Final = ("networking.k8s.io/v1", "NetworkPolicy")
SUPPORTED_KINDS: Final = frozenset({
    *(SERVICE, BROKER, TRIGGER, KAFKA_SINK, PING_SOURCE, SINK_BINDING, HTTP_ROUTE, CONFIG_MAP, JOB, NAMESPACE),
    *(SERVICE_ACCOUNT, NETWORK_POLICY),
})  # fmt: skip


def load(folder: Path) -> Manifests:
    """Read a kustomization.

    Raises:
        ManifestError: a manifest is invalid, or has something that local mode does not support.
    """
    all_documents = list(documents(folder))
    _check_kinds(all_documents)

    def read_all(kind: tuple[str, str], read: Callable[[Document], T]) -> tuple[T, ...]:
        return tuple(read(document) for document in all_documents if (document.api_version, document.kind) == kind)

    read_all(NAMESPACE, _namespace)
    read_all(NETWORK_POLICY, _network_policy)
    topics = _listed_topics(folder)
    config_maps = dict(read_all(CONFIG_MAP, lambda document: (document.name, serving.config_map(document))))
    brokers = read_all(BROKER, lambda document: eventing.broker(document, config_maps, topics))
    by_name = {broker.name: broker for broker in brokers}
    manifests = Manifests(
        services=read_all(SERVICE, serving.service),
        jobs=read_all(JOB, serving.job),
        brokers=brokers,
        triggers=read_all(TRIGGER, lambda document: eventing.trigger(document, by_name)),
        kafka_sinks=read_all(KAFKA_SINK, lambda document: eventing.kafka_sink(document, topics)),
        ping_sources=read_all(PING_SOURCE, sources.ping_source),
        sink_bindings=read_all(SINK_BINDING, sources.sink_binding),
        routes=tuple(match for matches in read_all(HTTP_ROUTE, routes.routes) for match in matches),
        config_maps=config_maps,
        service_accounts=read_all(SERVICE_ACCOUNT, _service_account),
    )
    check_references(manifests)
    return manifests


def _listed_topics(folder: Path) -> Mapping[str, Topic]:
    """Topics that neither Knative nor a function creates, by name; none where the folder has no such file."""
    if not (folder / PREREQUISITES).is_file():
        return {}
    return {topic.name: topic for topic in load_prerequisites(folder).topics}


def _namespace(document: Document) -> None:
    """Its labels ask for pod security, which processes do not have."""
    document.annotations.reject_unread()
    document.fields.reject_unread()


def _service_account(document: Document) -> str:
    """Its name; a process has no token of the Kubernetes API."""
    document.annotations.reject_unread()
    with document.fields as fields:
        fields.ignore(["automountServiceAccountToken", "imagePullSecrets"])
    return document.name


def _network_policy(document: Document) -> None:
    """The processes of one machine reach each other on the loopback address, so that none is fenced."""
    document.annotations.reject_unread()
    with document.fields as fields, fields.mapping("spec") as spec:
        spec.ignore(["podSelector", "policyTypes", "ingress", "egress"])


def _check_kinds(all_documents: Iterable[Document]) -> None:
    counts = Counter[tuple[str, str]]()
    for document in all_documents:
        if (document.api_version, document.kind) == SECRET:
            document.fields.location.fail("manifests cannot hold Secrets; the node creates them")
        if (document.api_version, document.kind) not in SUPPORTED_KINDS:
            document.fields.location.fail(f"local mode does not support {document.kind} of {document.api_version}")
        counts[document.kind, document.name] += 1
        if counts[document.kind, document.name] > 1:
            document.fields.location.fail("is defined twice")
