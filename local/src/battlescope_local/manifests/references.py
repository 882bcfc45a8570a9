"""Checks that everything that the manifests refer to exists."""

from collections.abc import Iterator, Sequence

from battlescope_local.manifests.fields import ManifestError
from battlescope_local.manifests.model import (
    BrokerRef,
    Container,
    Destination,
    KafkaSinkRef,
    Manifests,
    ServiceRef,
    UriRef,
)


def check_references(manifests: Manifests) -> None:
    """Check all references.

    Raises:
        ManifestError: names every reference to something that does not exist.
    """
    dangling = [
        *_dangling_destinations(manifests),
        *_dangling_services(manifests),
        *_dangling_config_maps(manifests),
        *_dangling_service_accounts(manifests),
    ]
    if dangling:
        raise ManifestError("; ".join(dangling))


def _dangling_destinations(manifests: Manifests) -> Iterator[str]:
    services = [service.name for service in manifests.services]
    brokers = [broker.name for broker in manifests.brokers]
    sinks = [sink.name for sink in manifests.kafka_sinks]
    for referrer, target in _destinations(manifests):
        match target:
            case ServiceRef(name):
                yield from _missing(referrer, "Service", name, services)
            case BrokerRef(name):
                yield from _missing(referrer, "Broker", name, brokers)
            case KafkaSinkRef(name):
                yield from _missing(referrer, "KafkaSink", name, sinks)
            case UriRef():
                pass  # not part of the manifests


def _missing(referrer: str, kind: str, name: str, existing: Sequence[str]) -> Iterator[str]:
    if name not in existing:
        yield f"{referrer}: there is no {kind} {name}"


def _destinations(manifests: Manifests) -> Iterator[tuple[str, Destination]]:
    for trigger in manifests.triggers:
        yield f"Trigger {trigger.name}", trigger.subscriber
    for source in manifests.ping_sources:
        yield f"PingSource {source.name}", source.sink
    for binding in manifests.sink_bindings:
        yield f"SinkBinding {binding.name}", binding.sink
    for deliverer in (*manifests.triggers, *manifests.brokers):
        if deliverer.delivery.dead_letter_sink is not None:
            yield f"{type(deliverer).__name__} {deliverer.name}", deliverer.delivery.dead_letter_sink


def _dangling_services(manifests: Manifests) -> Iterator[str]:
    services = [service.name for service in manifests.services]
    for binding in manifests.sink_bindings:
        yield from _missing(f"SinkBinding {binding.name}", "Service", binding.subject, services)
    for route in manifests.routes:
        yield from _missing(f"HTTPRoute {route.path}", "Service", route.service, services)


def _dangling_config_maps(manifests: Manifests) -> Iterator[str]:
    """Secrets are not checked, because the node creates them."""
    existing = list(manifests.config_maps)
    containers = [(f"Service {service.name}", service.container) for service in manifests.services]
    containers += [(f"Job {job.name}", job.container) for job in manifests.jobs]
    for referrer, container in containers:
        for name in container.env_from_config_maps:
            yield from _missing(referrer, "ConfigMap", name, existing)
        yield from _dangling_keys(referrer, container, manifests)


def _dangling_keys(referrer: str, container: Container, manifests: Manifests) -> Iterator[str]:
    for variable in container.env:
        if variable.config_map is not None:
            name, key = variable.config_map
            if key not in manifests.config_maps.get(name, {}):
                yield f"{referrer}: there is no key {key} in a ConfigMap {name}"


def _dangling_service_accounts(manifests: Manifests) -> Iterator[str]:
    """Every namespace of Kubernetes has the ServiceAccount `default`."""
    existing = ("default", *manifests.service_accounts)
    for service in manifests.services:
        yield from _missing(f"Service {service.name}", "ServiceAccount", service.service_account, existing)
    for job in manifests.jobs:
        yield from _missing(f"Job {job.name}", "ServiceAccount", job.service_account, existing)
