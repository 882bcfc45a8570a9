"""Whether everything that the manifests name is there."""

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
    """Raise an error that tells every reference to nothing."""
    lost = [*_lost_destinations(manifests), *_lost_services(manifests), *_lost_config_maps(manifests)]
    if lost:
        raise ManifestError("; ".join(lost))


def _lost_destinations(manifests: Manifests) -> Iterator[str]:
    services = [one.name for one in manifests.services]
    brokers = [one.name for one in manifests.brokers]
    sinks = [one.name for one in manifests.kafka_sinks]
    for who, target in _destinations(manifests):
        match target:
            case ServiceRef(name):
                yield from _unless_known(who, "Service", name, services)
            case BrokerRef(name):
                yield from _unless_known(who, "Broker", name, brokers)
            case KafkaSinkRef(name):
                yield from _unless_known(who, "KafkaSink", name, sinks)
            case UriRef():
                pass  # somebody else's


def _unless_known(who: str, kind: str, name: str, known: Sequence[str]) -> Iterator[str]:
    if name not in known:
        yield f"{who}: there is no {kind} {name}"


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


def _lost_services(manifests: Manifests) -> Iterator[str]:
    services = [one.name for one in manifests.services]
    for binding in manifests.sink_bindings:
        yield from _unless_known(f"SinkBinding {binding.name}", "Service", binding.subject, services)
    for route in manifests.routes:
        yield from _unless_known(f"HTTPRoute {route.path}", "Service", route.service, services)


def _lost_config_maps(manifests: Manifests) -> Iterator[str]:
    """Secrets are not looked for: the machine gives them."""
    known = list(manifests.config_maps)
    containers = [(f"Service {one.name}", one.container) for one in manifests.services]
    containers += [(f"Job {one.name}", one.container) for one in manifests.jobs]
    for who, container in containers:
        for name in container.env_from_config_maps:
            yield from _unless_known(who, "ConfigMap", name, known)
        yield from _lost_keys(who, container, manifests)


def _lost_keys(who: str, container: Container, manifests: Manifests) -> Iterator[str]:
    for variable in container.env:
        if variable.config_map is not None:
            name, key = variable.config_map
            if key not in manifests.config_maps.get(name, {}):
                yield f"{who}: there is no key {key} in a ConfigMap {name}"
