"""Events reach their function in time, again after a failure, and at last the dead letters."""

from collections.abc import Iterator
from typing import Final

from battlescope_local.manifest_checks.deployments import Deployment, broker_configs, prerequisite_finding
from battlescope_local.manifest_checks.fields.kinds import KAFKA_SOURCE
from battlescope_local.manifest_checks.nodes import Finding, Node
from battlescope_local.manifests.eventing import EXTERNAL_TOPIC
from battlescope_local.manifests.fields import go_seconds, iso_seconds
from battlescope_local.manifests.labels import DATABASE_LABEL, PHASE_LABEL
from battlescope_local.manifests.loading import BROKER, JOB, KAFKA_SINK, SERVICE, SINK_BINDING, TRIGGER

DELIVERY_FIELDS: Final = ("retry", "backoffPolicy", "backoffDelay", "timeout", "deadLetterSink")
# Until 503 becomes 204: a pod from zero needs seconds, a database that restarts about half a minute.
LEAST_RETRY_SECONDS: Final = 15.0
# One event that fails holds its partition for so long, where delivery is ordered.
MOST_RETRY_SECONDS: Final = 300.0
LONGEST_WAIT_SECONDS: Final = 60  # of a Trigger, after its function has given up
DAY_MS: Final = 86_400_000
KAFKA_DEFAULT_RETENTION_MS: Final = 7 * DAY_MS
TOPIC_CONFIG_KEYS: Final = frozenset({"retention.ms", "max.message.bytes", "min.insync.replicas"})
TRIGGER_GROUPS: Final = "knative-trigger-"  # how Knative's groups of Triggers begin
INGRESS_LIMIT_BYTES: Final = 1_048_576
BROKER_CONFIG_KEYS: Final = frozenset({
    *("bootstrap.servers", "auth.secret.ref.name", "default.topic.partitions", "default.topic.replication.factor"),
})  # fmt: skip
PROGRESS_DEADLINE: Final = "serving.knative.dev/progress-deadline"
DEFAULT_PROGRESS_DEADLINE: Final = "600s"


def complete_delivery(deployment: Deployment) -> Iterator[Finding]:
    """A Trigger's delivery replaces its Broker's; without retries and a sink an event is lost at its first failure."""
    for owner in _deliverers(deployment):
        delivery = owner.at("spec.delivery")
        for name in DELIVERY_FIELDS:
            if not delivery[name].exists:
                yield delivery[name].finding("must be set, or events are lost or wait for the default of ten minutes")


def _deliverers(deployment: Deployment) -> Iterator[Node]:
    for kind in (BROKER, TRIGGER, KAFKA_SOURCE):
        yield from deployment.of_kind(kind)


def retries_long_enough(deployment: Deployment) -> Iterator[Finding]:
    """Retries that end within seconds turn each restart of a pod or a database into dead letters."""
    for owner in _deliverers(deployment):
        delivery = owner.at("spec.delivery")
        delay, retries = iso_seconds(delivery["backoffDelay"].text), delivery["retry"].whole
        if delay is None or retries is None:
            continue
        factors = [
            2**retry if delivery["backoffPolicy"].text == "exponential" else retry for retry in range(1, retries + 1)
        ]
        if not LEAST_RETRY_SECONDS <= delay * sum(factors) <= MOST_RETRY_SECONDS:
            right = f"{LEAST_RETRY_SECONDS:g} to {MOST_RETRY_SECONDS:g} s"
            yield delivery.finding(f"must retry for {right}, not {delay * sum(factors):g} s")


def timeouts_in_order(deployment: Deployment) -> Iterator[Finding]:
    """Where the Trigger gives up before the function, a slow event is delivered again while the first still runs."""
    services = {service.name: service for service in deployment.of_kind(SERVICE)}
    for trigger in deployment.of_kind(TRIGGER):
        timeout = trigger.at("spec.delivery.timeout")
        service = services.get(trigger.at("spec.subscriber.ref.name").text)
        seconds, limit = iso_seconds(timeout.text), service and service.at("spec.template.spec.timeoutSeconds").whole
        if seconds is not None and limit and seconds < limit:
            yield timeout.finding(
                f"must be at least the {limit} s of timeoutSeconds of its function, not {seconds:g} s"
            )
        elif seconds is not None and limit and seconds > limit + LONGEST_WAIT_SECONDS:
            yield timeout.finding(
                f"must be at most {LONGEST_WAIT_SECONDS} s more than timeoutSeconds of its function: an event whose "
                f"answer is lost would hold its partition for {seconds:g} s"
            )


def progress_deadline_covers_migrations(deployment: Deployment) -> Iterator[Finding]:
    """A new revision is ready once its schema is there; given up before the migration ends, it never becomes ready."""
    deadlines: dict[str, int] = {}
    for job in deployment.of_kind(JOB):
        labels, seconds = job.at("metadata.labels"), job.at("spec.activeDeadlineSeconds").whole
        if labels[PHASE_LABEL].text == "migrate":  # no revision waits for other Jobs
            deadlines[labels[DATABASE_LABEL].text] = seconds or 0
    for service in deployment.of_kind(SERVICE):
        deadline = service.at("spec.template.metadata.annotations")[PROGRESS_DEADLINE]
        needed = deadlines.get(service.at("metadata.labels")[DATABASE_LABEL].text, 0)
        if (go_seconds(deadline.text or DEFAULT_PROGRESS_DEADLINE) or 0) < needed:
            yield deadline.finding(f"must be at least the {needed} s of activeDeadlineSeconds of its migration Job")


def external_topics(deployment: Deployment) -> Iterator[Finding]:
    """Knative sets no retention, and deletes a topic that it made with its Broker: topics belong to the operator."""
    for broker in deployment.of_kind(BROKER):
        topic = broker.at("metadata.annotations")[EXTERNAL_TOPIC]
        if not topic.exists:
            yield topic.finding("must name the Broker's topic, which prerequisites.yaml lists")
    for sink in deployment.of_kind(KAFKA_SINK):
        for name in ("numPartitions", "replicationFactor"):
            if sink.at("spec")[name].exists:
                yield sink.at("spec")[name].finding("must be absent: with it Knative makes the topic itself")


def retention_of_topics(deployment: Deployment) -> Iterator[Finding]:
    """Dead letters must outlast a holiday, other events an outage; a compacted topic keeps one event of each key.

    Without a setting a topic keeps the server's default of seven days.
    """
    dead_letters = {
        sink.at("spec.topic").text
        for sink in deployment.of_kind(KAFKA_SINK)
        if sink.name in {owner.at("spec.delivery.deadLetterSink.ref.name").text for owner in _deliverers(deployment)}
    }
    for topic in deployment.prerequisites.topics:
        retention, size = topic.config.get("retention.ms", ""), topic.config.get("max.message.bytes")
        if not retention.isdecimal():
            yield prerequisite_finding(f"topics.{topic.name}", "needs config retention.ms, a number in quotes")
        elif topic.name in dead_letters and int(retention) <= KAFKA_DEFAULT_RETENTION_MS:
            yield prerequisite_finding(f"topics.{topic.name}", "must keep dead letters for more than seven days")
        elif int(retention) < DAY_MS:
            yield prerequisite_finding(f"topics.{topic.name}", f"must keep events for a day, {DAY_MS} ms, at least")
        for key in sorted(topic.config.keys() - TOPIC_CONFIG_KEYS):
            known = ", ".join(sorted(TOPIC_CONFIG_KEYS))
            yield prerequisite_finding(f"topics.{topic.name}.config.{key}", f"is no known key; known are {known}")
        if size is not None and (not size.isdecimal() or int(size) < INGRESS_LIMIT_BYTES):
            yield prerequisite_finding(
                f"topics.{topic.name}", f"must take the {INGRESS_LIMIT_BYTES} bytes that the ingress of Brokers accepts"
            )


def own_consumer_groups(deployment: Deployment) -> Iterator[Finding]:
    """Two consumers of one group share its partitions: each loses what the other one reads."""
    groups = set[str]()
    for source in deployment.of_kind(KAFKA_SOURCE):
        group = source.at("spec.consumerGroup")
        if group.text.startswith(TRIGGER_GROUPS) or group.text in groups:
            yield group.finding(f"must be a group of its own, and not begin with {TRIGGER_GROUPS}")
        groups.add(group.text)


def signed_in_to_kafka(deployment: Deployment) -> Iterator[Finding]:
    """Redpanda's chart has TLS and authentication on: without both nothing connects."""
    kafka = deployment.prerequisites.kafka
    if kafka.protocol != "SASL_SSL":
        yield prerequisite_finding("kafka.protocol", f"must be SASL_SSL, not {kafka.protocol}")
    if kafka.sasl_mechanism != "SCRAM-SHA-512":
        yield prerequisite_finding("kafka.sasl_mechanism", f"must be SCRAM-SHA-512, not {kafka.sasl_mechanism}")
    for sink in deployment.of_kind(KAFKA_SINK):
        if not sink.at("spec.auth.secret.ref.name").text:
            yield sink.at("spec.auth").finding("must name the Secret with the user of Kafka")
    for source in deployment.of_kind(KAFKA_SOURCE):
        for name in ("sasl", "tls"):
            if source.at("spec.net")[name]["enable"].value is not True:
                yield source.at("spec.net")[name].finding("must be enabled")
    for config in broker_configs(deployment):
        if not config["data"]["auth.secret.ref.name"].text:
            yield config["data"]["auth.secret.ref.name"].finding("must name the Secret with the user of Kafka")


def servers_of_kafka(deployment: Deployment) -> Iterator[Finding]:
    """All parts use the Kafka that prerequisites.yaml names; Knative wants counts of topics, although it makes none."""
    expected = deployment.prerequisites.kafka.bootstrap_servers
    servers = [config["data"]["bootstrap.servers"] for config in broker_configs(deployment)]
    for owner in (*deployment.of_kind(KAFKA_SINK), *deployment.of_kind(KAFKA_SOURCE)):
        servers += owner.at("spec.bootstrapServers")
    for server in servers:
        if server.text != expected:
            yield server.finding(f"must be {expected}, as in prerequisites.yaml")
    for config in broker_configs(deployment):
        for name, value in config["data"].entries():
            if name not in BROKER_CONFIG_KEYS and not name.startswith("default.topic.config."):
                yield value.finding(f"is no key that Knative reads; they are {', '.join(sorted(BROKER_CONFIG_KEYS))}")
        for name in ("default.topic.partitions", "default.topic.replication.factor"):
            if not config["data"][name].text.isdecimal():
                yield config["data"][name].finding("must be a number in quotes, or the controller refuses the Broker")


def publishers_have_a_sink(deployment: Deployment) -> Iterator[Finding]:
    """A function that publishes gets the address of its Broker from a SinkBinding, and only such a function has one."""
    bound = {binding.at("spec.subject.name").text: binding for binding in deployment.of_kind(SINK_BINDING)}
    for service, function in deployment.services_with_code():
        if function.emits and service.name not in bound:
            yield service.finding("publishes events and needs a SinkBinding")
        if not function.emits and service.name in bound:
            yield bound[service.name].finding(f"{service.name} publishes no events and needs no SinkBinding")
