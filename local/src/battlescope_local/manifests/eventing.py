"""Brokers, Triggers and KafkaSinks as values, with the defaults of Knative's Kafka extension."""

from collections.abc import Mapping
from typing import Final, Literal, cast

from battlescope_local.manifests.destinations import destination
from battlescope_local.manifests.documents import Document
from battlescope_local.manifests.fields import Fields, SourceLocation
from battlescope_local.manifests.filtering import parse_filters
from battlescope_local.manifests.model import Broker, Delivery, KafkaSink, Trigger
from battlescope_local.manifests.prerequisites import FILE_NAME as PREREQUISITES
from battlescope_local.manifests.prerequisites import Topic

BROKER_CLASS: Final = "eventing.knative.dev/broker.class"
EXTERNAL_TOPIC: Final = "kafka.eventing.knative.dev/external.topic"
DELIVERY_ORDER: Final = "kafka.eventing.knative.dev/delivery.order"
TOPIC_CONFIG: Final = "default.topic.config."
# The local log takes no credentials; a Kafka at BATTLESCOPE_KAFKA_BOOTSTRAP has them in the environment.
IGNORED_SETTINGS: Final = ("auth.secret.ref.name", "auth.secret.ref.namespace")


def broker(document: Document, config_maps: Mapping[str, Mapping[str, str]], topics: Mapping[str, Topic]) -> Broker:
    """The Broker; `topics` are those that it may name.

    Knative takes the settings of a topic from the ConfigMap only where it creates the topic.
    """
    with document.annotations as annotations:
        annotations.choice(BROKER_CLASS, ["Kafka"])
        external = annotations.text(EXTERNAL_TOPIC, "") or None
    with document.fields as fields, fields.mapping("spec") as spec:
        with spec.mapping("config") as config:
            config.choice("apiVersion", ["v1"])
            config.choice("kind", ["ConfigMap"])
            name = config.text("name")
            config.ignore(["namespace"])
        if name not in config_maps:
            (spec.location / "config.name").fail(f"there is no ConfigMap {name}")
        settings = Fields(dict(config_maps[name]), SourceLocation(spec.location.file, f"ConfigMap {name}", "data"))
        delivery = _delivery(spec.take("delivery"), spec.location / "delivery", document.namespace)
    partitions, replication_factor, topic_config = _topic(settings)
    if external is not None:
        listed = _listed(topics, external, document.annotations.location / EXTERNAL_TOPIC)
        partitions, replication_factor, topic_config = listed.partitions, 1, listed.config
    return Broker(
        *(document.name, document.namespace, partitions, replication_factor, topic_config),
        external_topic=external,
        delivery=delivery or Delivery(),
    )


def _topic(settings: Fields) -> tuple[int, int, Mapping[str, str]]:
    """Partitions, replicas and settings of a Broker's topic; local mode has its own log and ignores the servers."""
    with settings:
        settings.text("bootstrap.servers")
        settings.ignore(IGNORED_SETTINGS)
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
        (settings.location / key).fail(f"must be a whole number from 1, not {text!r}")
    return int(text)


def trigger(document: Document, brokers: Mapping[str, Broker]) -> Trigger:
    """The Trigger with its own delivery, or its Broker's where it has none; as in Knative, the two are not merged."""
    with document.annotations as annotations:
        ordered = annotations.choice(DELIVERY_ORDER, ["ordered", "unordered"], "unordered") == "ordered"
    with document.fields as fields, fields.mapping("spec") as spec:
        name = spec.text("broker")
        if name not in brokers:
            (spec.location / "broker").fail(f"there is no Broker {name}")
        filters = parse_filters(spec)
        subscriber = destination(spec.mapping("subscriber"), document.namespace)
        own_delivery = _delivery(spec.take("delivery"), spec.location / "delivery", document.namespace)
    delivery = own_delivery or brokers[name].delivery
    if delivery.dead_letter_sink is None:
        (fields.location / "spec.delivery").fail(
            "has no deadLetterSink (a Trigger's delivery replaces its Broker's), so that failed events would be lost"
        )
    return Trigger(document.name, document.namespace, name, subscriber, filters, ordered, delivery)


def _delivery(raw: object, location: SourceLocation, namespace: str) -> Delivery | None:
    if raw is None:
        return None
    default = Delivery()
    with Fields(raw, location) as fields:
        fields.choice("format", ["binary"], "binary")
        sink = fields.mapping("deadLetterSink") if "deadLetterSink" in fields else None
        policy = fields.choice("backoffPolicy", ["linear", "exponential"], default.backoff_policy)
        return Delivery(
            fields.integer("retry", default.retry),
            cast("Literal['linear', 'exponential']", policy),
            fields.duration("backoffDelay", default.backoff_delay),
            fields.duration("timeout", default.timeout),
            destination(sink, namespace) if sink else None,
        )


def _listed(topics: Mapping[str, Topic], name: str, location: SourceLocation) -> Topic:
    if name not in topics:
        location.fail(f"{PREREQUISITES} lists no topic {name}")
    return topics[name]


def kafka_sink(document: Document, topics: Mapping[str, Topic]) -> KafkaSink:
    """The sink; `topics` are those that it may name.

    `numPartitions` is rejected: with it Knative would create the topic, and a sink cannot set its retention.
    """
    document.annotations.reject_unread()
    with document.fields as fields, fields.mapping("spec") as spec:
        spec.ignore(["bootstrapServers"])
        with spec.optional("auth") as auth, auth.optional("secret") as secret:
            secret.ignore_within("ref", ["name"])
        spec.choice("contentMode", ["binary"])
        topic = spec.text("topic")
        listed = _listed(topics, topic, spec.location / "topic")
        return KafkaSink(document.name, document.namespace, topic, listed.partitions, listed.config)
