"""Everything that the manifests refer to is made here or listed in prerequisites.yaml, and nothing is left over."""

from collections.abc import Iterator
from typing import Final

from battlescope_local.manifest_checks.deployments import (
    Deployment,
    broker_configs,
    config_map_names,
    containers,
    prerequisite_finding,
)
from battlescope_local.manifest_checks.fields.kinds import EVENT_TRANSFORM, KAFKA_SOURCE
from battlescope_local.manifest_checks.nodes import Finding, Node
from battlescope_local.manifests.eventing import EXTERNAL_TOPIC
from battlescope_local.manifests.loading import BROKER, CONFIG_MAP, HTTP_ROUTE, KAFKA_SINK, SINK_BINDING

# Names in lower case, as Settings have them. Knative sets the first ones, a SinkBinding the second.
RUNTIME_VARIABLES: Final = frozenset({"port", "k_service", "k_revision", "k_configuration"})
SINK_VARIABLE: Final = "k_sink"
PROGRAM_VARIABLES: Final = frozenset(
    {"dbmate_migrations_dir", "malloc_arena_max", "malloc_mmap_threshold_", "malloc_trim_threshold_"}
)
"""Of dbmate, which migrates, and of the C library."""
AUTH_SECRET_KEYS: Final = ("protocol", "sasl.mechanism", "user", "password", "ca.crt")


def existing_secrets(deployment: Deployment) -> Iterator[Finding]:
    """A pod whose Secret is absent never starts; a Secret that nobody uses is a credential to lose."""
    listed = {secret.name: secret for secret in deployment.prerequisites.secrets}
    used = set[str]()
    for ref, keys in _secret_refs(deployment):
        used.add(ref.text)
        if ref.text not in listed:
            yield ref.finding(f"prerequisites.yaml lists no Secret {ref.text}")
            continue
        for key in sorted(set(keys) - set(listed[ref.text].keys)):
            yield ref.finding(f"prerequisites.yaml lists no key {key} of the Secret {ref.text}")
    for name in sorted(listed.keys() - used - {bucket.secret for bucket in deployment.prerequisites.buckets}):
        yield prerequisite_finding(f"secrets.{name}", "nothing uses this Secret")


def _secret_refs(deployment: Deployment) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Each reference to a Secret, with the keys that it needs."""
    for owner in (*deployment.workloads(), *deployment.of_kind(KAFKA_SOURCE)):
        for value in owner["spec"].below():
            if value["secretRef"].exists:
                yield value.at("secretRef.name"), ()
            if value["secretKeyRef"].exists:
                yield value.at("secretKeyRef.name"), (value.at("secretKeyRef.key").text,)
    for sink in deployment.of_kind(KAFKA_SINK):
        yield sink.at("spec.auth.secret.ref.name"), AUTH_SECRET_KEYS
    for config in broker_configs(deployment):
        yield config.at("data")["auth.secret.ref.name"], AUTH_SECRET_KEYS


def existing_config_maps(deployment: Deployment) -> Iterator[Finding]:
    """A pod whose ConfigMap is absent never starts; one that nobody uses is a setting that does nothing."""
    config_maps = {config.name: config["data"] for config in deployment.of_kind(CONFIG_MAP)}
    used = {broker.at("spec.config.name").text for broker in deployment.of_kind(BROKER)}
    for broker in deployment.of_kind(BROKER):
        name = broker.at("spec.config.name")
        if name.text not in config_maps:
            yield name.finding(f"there is no ConfigMap {name.text}")
    for workload in deployment.workloads():
        for container in containers(workload):
            used |= config_map_names(container)
            for name in sorted(config_map_names(container) - config_maps.keys()):
                yield container.finding(f"there is no ConfigMap {name}")
            for variable in container["env"]:
                ref = variable.at("valueFrom.configMapKeyRef")
                data = config_maps.get(ref["name"].text)
                if data is not None and not data[ref["key"].text].exists:
                    yield ref["key"].finding(f"the ConfigMap {ref['name'].text} has no key {ref['key'].text}")
    for config in deployment.of_kind(CONFIG_MAP):
        if config.name not in used:
            yield config.finding("nothing uses this ConfigMap")


def complete_settings(deployment: Deployment) -> Iterator[Finding]:
    """A function whose Settings lack a variable fails at its start."""
    bound = {binding.at("spec.subject.name").text for binding in deployment.of_kind(SINK_BINDING)}
    for service, function in deployment.services_with_code():
        for container in containers(service):
            provided = {*_provided(deployment, container), *RUNTIME_VARIABLES}
            if service.name in bound:
                provided.add(SINK_VARIABLE)
            for name in sorted(function.required_variables - provided):
                yield container["env"].finding(f"lacks {name.upper()}, which the Settings of {service.name} require")


def values_fit_settings(deployment: Deployment) -> Iterator[Finding]:
    """A value that the Settings refuse stops each pod at its start."""
    config_maps = {config.name: config["data"] for config in deployment.of_kind(CONFIG_MAP)}
    for container, function in deployment.containers_with_code():
        values = {variable["name"].text: variable["value"] for variable in container["env"]}
        for name in config_map_names(container) & config_maps.keys():
            values.update(config_maps[name].entries())
        for name, value in values.items():
            error = function.value_error(name.lower(), value.text) if value.exists else None
            if error:
                yield value.finding(f"the Settings of {function.name} refuse it: {error}")


def variables_are_read(deployment: Deployment) -> Iterator[Finding]:
    """A variable that nothing reads is misspelt or left over; of two with one name only the last counts."""
    for container, function in deployment.containers_with_code():
        names = [variable["name"] for variable in container["env"]]
        for name in names:
            if name.text.lower() not in function.variables | PROGRAM_VARIABLES:
                yield name.finding(f"nothing reads {name.text}; is it misspelt?")
            if [other.text for other in names].count(name.text) > 1:
                yield name.finding(f"{name.text} stands twice")
    read = {name for function in deployment.functions.values() for name in function.variables}
    kafka = {config.name for config in broker_configs(deployment)}
    for config in deployment.of_kind(CONFIG_MAP):
        for name, value in config["data"].entries() if config.name not in kafka else ():
            if name.lower() not in read | PROGRAM_VARIABLES:
                yield value.finding("no Settings of any function read this variable")


def _provided(deployment: Deployment, container: Node) -> Iterator[str]:
    """Names of the variables of a container, in lower case as Settings name them."""
    config_maps = {config.name: config["data"] for config in deployment.of_kind(CONFIG_MAP)}
    secrets = {secret.name: secret.keys for secret in deployment.prerequisites.secrets}
    for variable in container["env"]:
        yield variable["name"].text.lower()
    for source in container["envFrom"]:
        data = config_maps.get(source.at("configMapRef.name").text)
        names = [name for name, _ in data.entries()] if data else secrets.get(source.at("secretRef.name").text, ())
        yield from (name.lower() for name in names)


def existing_topics(deployment: Deployment) -> Iterator[Finding]:
    """Nobody makes a topic that prerequisites.yaml does not list; Knative waits for it for ever."""
    listed = {topic.name: topic for topic in deployment.prerequisites.topics}
    used: dict[str, Node] = {}
    for topic in _topic_names(deployment):
        if topic.text and topic.text in used:
            yield topic.finding(
                f"{topic.text} is the topic of {used[topic.text].owner.kind} {used[topic.text].name} too"
            )
        used[topic.text] = topic
        if topic.text not in listed:
            yield topic.finding(f"prerequisites.yaml lists no topic {topic.text}")
        elif listed[topic.text].used_by != f"{topic.owner.kind} {topic.name}":
            yield prerequisite_finding(f"topics.{topic.text}.used_by", f"must be {topic.owner.kind} {topic.name}")
    if deployment.environment is not None:
        for name in sorted(listed.keys() - used.keys()):
            yield prerequisite_finding(f"topics.{name}", "nothing uses this topic")


def _topic_names(deployment: Deployment) -> Iterator[Node]:
    for broker in deployment.of_kind(BROKER):
        yield broker.at("metadata.annotations")[EXTERNAL_TOPIC]
    for sink in deployment.of_kind(KAFKA_SINK):
        yield sink.at("spec.topic")
    for source in deployment.of_kind(KAFKA_SOURCE):
        yield from source.at("spec.topics")


def prerequisites_listed_once(deployment: Deployment) -> Iterator[Finding]:
    """Of two entries with one name Terraform would make one, and nobody knows which."""
    prerequisites = deployment.prerequisites
    for group in ("topics", "buckets", "databases", "secrets", "workloads"):
        names = [entry.name for entry in getattr(prerequisites, group)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield prerequisite_finding(f"{group}.{name}", "is listed twice")


def buckets_are_used(deployment: Deployment) -> Iterator[Finding]:
    """A bucket needs a Secret to be reached; a source of notifications needs a bucket that sends them."""
    prerequisites = deployment.prerequisites
    secrets, topics = {secret.name for secret in prerequisites.secrets}, {topic.name for topic in prerequisites.topics}
    for bucket in prerequisites.buckets:
        if bucket.secret not in secrets:
            yield prerequisite_finding(f"buckets.{bucket.name}.secret", f"there is no Secret {bucket.secret}")
        if bucket.notifications and bucket.notifications.topic not in topics:
            yield prerequisite_finding(
                f"buckets.{bucket.name}.notifications", f"there is no topic {bucket.notifications.topic}"
            )
        words = set[str]().union(*(texts for function in deployment.functions.values() for texts in function.words))
        if bucket.notifications and bucket.notifications.prefix not in words:
            yield prerequisite_finding(
                f"buckets.{bucket.name}.notifications", "no function reads objects of the prefix"
            )
    with_bucket = {bucket.secret for bucket in prerequisites.buckets}
    for secret in prerequisites.secrets:
        if "S3_BUCKET" in secret.keys and secret.name not in with_bucket:
            yield prerequisite_finding(f"secrets.{secret.name}", "names a bucket, but no bucket names the Secret")
    notified = {bucket.notifications.topic for bucket in prerequisites.buckets if bucket.notifications}
    for source in deployment.of_kind(KAFKA_SOURCE):
        for topic in source.at("spec.topics"):
            if topic.text not in notified:
                yield topic.finding("no bucket sends notifications to this topic")


def existing_foreign_objects(deployment: Deployment) -> Iterator[Finding]:
    """Objects of other namespaces are made by others, who must know that they are needed."""
    listed = {(entry.kind, entry.namespace, entry.name) for entry in deployment.prerequisites.objects}
    used = set[tuple[str, str, str]]()
    for route in deployment.of_kind(HTTP_ROUTE):
        refs = [("Gateway", ref) for ref in route.at("spec.parentRefs")]
        refs += [("Service", ref) for rule in route.at("spec.rules") for ref in rule["backendRefs"]]
        for kind, ref in refs:
            key = (kind, ref["namespace"].text, ref["name"].text)
            used.add(key)
            if key not in listed:
                yield ref.finding(f"prerequisites.yaml lists no {kind} {key[1]}/{key[2]}")
            if kind == "Service":
                used |= {entry for entry in listed if entry[:2] == ("ReferenceGrant", key[1])}
                if not any(entry[:2] == ("ReferenceGrant", key[1]) for entry in listed):
                    yield ref.finding(f"prerequisites.yaml lists no ReferenceGrant in {key[1]}, which the ref needs")
    for kind, namespace, name in sorted(listed - used):
        yield prerequisite_finding("objects", f"nothing refers to the {kind} {namespace}/{name}")


def used_eventing_parts(deployment: Deployment) -> Iterator[Finding]:
    """A Broker, sink or transformation that gets no event is left over from one that was renamed."""
    targets = {
        (value["apiVersion"].text, value["kind"].text, value["name"].text)
        for owner in (Node(built, built.raw) for built in deployment.objects)
        for value in owner["spec"].below()
        if value["kind"].exists and value["name"].exists
    }
    for kind in (BROKER, KAFKA_SINK, EVENT_TRANSFORM):
        for found in deployment.of_kind(kind):
            if (*kind, found.name) not in targets and not (kind == BROKER and deployment.environment is None):
                yield found.finding("nothing sends events to it")
