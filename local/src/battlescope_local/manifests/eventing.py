"""Brokers, Triggers and KafkaSinks as values, with the defaults of Knative's Kafka extension."""

from collections.abc import Mapping
from typing import Final, Literal, cast

from battlescope_local.manifests.destinations import destination
from battlescope_local.manifests.documents import Document
from battlescope_local.manifests.fields import Fields, SourceLocation
from battlescope_local.manifests.filtering import filters_of
from battlescope_local.manifests.model import Broker, Delivery, KafkaSink, Trigger

BROKER_CLASS: Final = "eventing.knative.dev/broker.class"
EXTERNAL_TOPIC: Final = "kafka.eventing.knative.dev/external.topic"
ORDER: Final = "kafka.eventing.knative.dev/delivery.order"
TOPIC_CONFIG: Final = "default.topic.config."


def broker(document: Document, config_maps: Mapping[str, Mapping[str, str]]) -> Broker:
    with document.annotations as annotations:
        annotations.one_of(BROKER_CLASS, ["Kafka"])
        external = annotations.text(EXTERNAL_TOPIC, "") or None
    with document.fields as fields, fields.mapping("spec") as spec:
        with spec.mapping("config") as config:
            config.one_of("apiVersion", ["v1"])
            config.one_of("kind", ["ConfigMap"])
            name = config.text("name")
            config.ignore(["namespace"])
        if name not in config_maps:
            (spec.place / "config.name").fail(f"there is no ConfigMap {name}")
        settings = Fields(dict(config_maps[name]), SourceLocation(spec.place.file, f"ConfigMap {name}", "data"))
        delivery = _delivery(spec.take("delivery"), spec.place / "delivery", document.namespace)
    return Broker(
        document.name, document.namespace, *_topic(settings), external_topic=external, delivery=delivery or Delivery()
    )


def _topic(settings: Fields) -> tuple[int, int, dict[str, str]]:
    """Partitions, replicas and settings of a Broker's topic. Which servers hold it, the machine knows."""
    with settings:
        settings.text("bootstrap.servers")
        counts = [
            _count(settings, "default.topic.partitions", "10"),
            _count(settings, "default.topic.replication.factor", "3"),
        ]
        names = [name for name in settings.names() if name.startswith(TOPIC_CONFIG)]
        config = {name.removeprefix(TOPIC_CONFIG): settings.text(name) for name in names}
    return counts[0], counts[1], config


def _count(settings: Fields, key: str, default: str) -> int:
    text = settings.text(key, default)
    if not text.isdecimal() or int(text) < 1:
        (settings.place / key).fail(f"must be a whole number from 1, not {text!r}")
    return int(text)


def trigger(document: Document, brokers: Mapping[str, Broker]) -> Trigger:
    """The Trigger with the delivery that holds for it: its own alone, or else its Broker's; Knative merges nothing."""
    with document.annotations as annotations:
        ordered = annotations.one_of(ORDER, ["ordered", "unordered"], "unordered") == "ordered"
    with document.fields as fields, fields.mapping("spec") as spec:
        name = spec.text("broker")
        if name not in brokers:
            (spec.place / "broker").fail(f"there is no Broker {name}")
        filters = filters_of(spec)
        subscriber = destination(spec.mapping("subscriber"), document.namespace)
        own = _delivery(spec.take("delivery"), spec.place / "delivery", document.namespace)
    delivery = own or brokers[name].delivery
    if delivery.dead_letter_sink is None:
        (fields.place / "spec.delivery").fail(
            "has no deadLetterSink (a Trigger's delivery replaces its Broker's): failed events would be lost silently"
        )
    return Trigger(document.name, document.namespace, name, subscriber, filters, ordered, delivery)


def _delivery(raw: object, place: SourceLocation, namespace: str) -> Delivery | None:
    if raw is None:
        return None
    default = Delivery()
    with Fields(raw, place) as fields:
        fields.one_of("format", ["binary"], "binary")
        sink = fields.mapping("deadLetterSink") if "deadLetterSink" in fields else None
        policy = fields.one_of("backoffPolicy", ["linear", "exponential"], default.backoff_policy)
        return Delivery(
            fields.whole("retry", default.retry),
            cast("Literal['linear', 'exponential']", policy),
            fields.duration("backoffDelay", default.backoff_delay),
            fields.duration("timeout", default.timeout),
            destination(sink, namespace) if sink else None,
        )


def kafka_sink(document: Document) -> KafkaSink:
    document.annotations.refuse_rest()
    with document.fields as fields, fields.mapping("spec") as spec:
        spec.ignore(["bootstrapServers"])
        spec.one_of("contentMode", ["binary"])
        return KafkaSink(
            document.name,
            document.namespace,
            spec.text("topic"),
            spec.whole("numPartitions", 1),
            spec.whole("replicationFactor", 1),
        )
