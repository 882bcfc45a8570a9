"""From a folder to `Manifests`: which kinds there are, and who reads them."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

from battlescope_local.manifests import eventing, routes, serving, sources
from battlescope_local.manifests.documents import Document, documents
from battlescope_local.manifests.model import Manifests
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
KNOWN: Final = frozenset({
    *(SERVICE, BROKER, TRIGGER, KAFKA_SINK, PING_SOURCE, SINK_BINDING, HTTP_ROUTE, CONFIG_MAP, JOB, NAMESPACE),
})  # fmt: skip


def load(folder: Path) -> Manifests:
    """Read a kustomization. Raises ManifestError for whatever local mode would not honour."""
    found = list(documents(folder))
    _check_kinds(found)

    def each(kind: tuple[str, str], read: Callable[[Document], T]) -> tuple[T, ...]:
        return tuple(read(one) for one in found if (one.api_version, one.kind) == kind)

    config_maps = dict(each(CONFIG_MAP, lambda one: (one.name, serving.config_map(one))))
    brokers = each(BROKER, lambda one: eventing.broker(one, config_maps))
    by_name = {broker.name: broker for broker in brokers}
    manifests = Manifests(
        services=each(SERVICE, serving.service),
        jobs=each(JOB, serving.job),
        brokers=brokers,
        triggers=each(TRIGGER, lambda one: eventing.trigger(one, by_name)),
        kafka_sinks=each(KAFKA_SINK, eventing.kafka_sink),
        ping_sources=each(PING_SOURCE, sources.ping_source),
        sink_bindings=each(SINK_BINDING, sources.sink_binding),
        routes=tuple(match for matches in each(HTTP_ROUTE, routes.routes) for match in matches),
        config_maps=config_maps,
    )
    check_references(manifests)
    return manifests


def _check_kinds(found: Iterable[Document]) -> None:
    seen = Counter[tuple[str, str]]()
    for one in found:
        if (one.api_version, one.kind) == SECRET:
            one.fields.place.fail("secrets are given by the machine, not the manifests")
        if (one.api_version, one.kind) not in KNOWN:
            one.fields.place.fail(f"local mode knows no {one.kind} of {one.api_version}")
        seen[one.kind, one.name] += 1
        if seen[one.kind, one.name] > 1:
            one.fields.place.fail("is there twice")
