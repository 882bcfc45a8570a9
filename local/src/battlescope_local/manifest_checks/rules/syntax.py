"""What API server and webhooks let through: unknown fields, misspelt annotations and labels, refs to nothing."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from croniter import CroniterBadDateError, croniter

from battlescope_local.manifest_checks.deployments import Deployment, containers
from battlescope_local.manifest_checks.fields.common import NAME
from battlescope_local.manifest_checks.fields.kinds import DEPLOYED, EVENT_TRANSFORM, KAFKA_SOURCE, Kind
from battlescope_local.manifest_checks.fields.pods import BYTES, CPU
from battlescope_local.manifest_checks.fields.shapes import Text, choice, mismatches
from battlescope_local.manifest_checks.nodes import Finding, Node, node
from battlescope_local.manifests.eventing import BROKER_CLASS, DELIVERY_ORDER, EXTERNAL_TOPIC
from battlescope_local.manifests.labels import DATABASE_LABEL, DATABASE_OWNER_LABEL, FUNCTION_LABEL, PHASE_LABEL
from battlescope_local.manifests.loading import (
    BROKER,
    JOB,
    KAFKA_SINK,
    NAMESPACE,
    PING_SOURCE,
    SERVICE,
    SINK_BINDING,
    TRIGGER,
)
from battlescope_local.manifests.serving import AUTOSCALING

WHOLE: Final = Text(r"[0-9]+", "a whole number in quotes")
GO_DURATION: Final = Text(r"([0-9]+h)?([0-9]+m)?([0-9]+s)?(?<!^)", "a duration such as 60s or 5m")
FREE_TEXT: Final = Text()
ANY_OBJECT: Final = {"kubernetes.io/description": FREE_TEXT}
ANNOTATIONS: Final[Mapping[Kind, Mapping[str, Text]]] = {
    BROKER: {
        BROKER_CLASS: choice("Kafka"),
        EXTERNAL_TOPIC: FREE_TEXT,
    },
    # The webhook accepts any value here; all but `ordered` deliver in any order.
    TRIGGER: {DELIVERY_ORDER: choice("ordered", "unordered")},
    SERVICE: {"serving.knative.dev/rollout-duration": GO_DURATION},
}
# An annotation of scaling works only on the template, not on the Service.
TEMPLATE_ANNOTATIONS: Final[Mapping[str, Text]] = {
    AUTOSCALING + "min-scale": WHOLE,
    AUTOSCALING + "max-scale": WHOLE,
    AUTOSCALING + "initial-scale": WHOLE,
    AUTOSCALING + "target": Text(r"[0-9]+(\.[0-9]+)?", "a number in quotes"),
    AUTOSCALING + "target-utilization-percentage": WHOLE,
    AUTOSCALING + "target-burst-capacity": Text(r"-1|[0-9]+", "a whole number in quotes"),
    AUTOSCALING + "window": GO_DURATION,
    AUTOSCALING + "scale-down-delay": GO_DURATION,
    AUTOSCALING + "scale-to-zero-pod-retention-period": GO_DURATION,
    "serving.knative.dev/progress-deadline": GO_DURATION,
    **{
        f"queue.sidecar.serving.knative.dev/{resource}-resource-{bound}": amount
        for resource, amount in (("cpu", CPU), ("memory", BYTES), ("ephemeral-storage", BYTES))
        for bound in ("request", "limit")
    },
}
RESTRICTED: Final = choice("restricted")
LABELS: Final[Mapping[str, Text]] = {
    "networking.knative.dev/visibility": choice("cluster-local"),
    FUNCTION_LABEL: NAME,
    "battlescope.dev/job": NAME,
    DATABASE_LABEL: Text(r"battlescope_[a-z_]+", "the name of a database"),
    DATABASE_OWNER_LABEL: NAME,
    PHASE_LABEL: NAME,
}
NAMESPACE_LABELS: Final[Mapping[str, Text]] = {
    "pod-security.kubernetes.io/enforce": RESTRICTED,
    "pod-security.kubernetes.io/audit": RESTRICTED,
    "pod-security.kubernetes.io/warn": RESTRICTED,
    **{
        f"pod-security.kubernetes.io/{mode}-version": Text(
            r"latest|v1\.(2[5-9]|[3-9][0-9])", "latest or a version from v1.25, the first with these levels, on"
        )
        for mode in ("enforce", "audit", "warn")
    },
}
ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
# Where a destination may stand, and what may stand there. Dead letters go to a topic, so that no function has to start.
DESTINATIONS: Final[Mapping[Kind, Mapping[str, tuple[Kind, ...]]]] = {
    BROKER: {"spec.delivery.deadLetterSink": (KAFKA_SINK,)},
    TRIGGER: {"spec.delivery.deadLetterSink": (KAFKA_SINK,), "spec.subscriber": (SERVICE, KAFKA_SINK)},
    PING_SOURCE: {"spec.sink": (SERVICE, BROKER)},
    SINK_BINDING: {"spec.sink": (BROKER,)},
    KAFKA_SOURCE: {
        "spec.delivery.deadLetterSink": (KAFKA_SINK,),
        "spec.sink": (EVENT_TRANSFORM, BROKER, SERVICE),
    },
    EVENT_TRANSFORM: {"spec.sink": (BROKER,)},
}


def known_fields(deployment: Deployment) -> Iterator[Finding]:
    """A field that a schema does not know vanishes silently; in open parts of a schema it is kept and does nothing."""
    for built in deployment.objects:
        shape = DEPLOYED.get((built.api_version, built.kind))
        if shape is None:
            yield node(built).finding(f"{built.kind} of {built.api_version} is no kind that base and overlays use")
        else:
            yield from mismatches(node(built), shape)


def known_annotations(deployment: Deployment) -> Iterator[Finding]:
    """No program refuses a misspelt annotation or value: Knative falls back to its default."""
    for built in deployment.objects:
        kind = (built.api_version, built.kind)
        annotations = node(built).at("metadata.annotations")
        yield from _unknown(annotations, {**ANY_OBJECT, **ANNOTATIONS.get(kind, {})})
    for service in deployment.of_kind(SERVICE):
        yield from _unknown(service.at("spec.template.metadata.annotations"), TEMPLATE_ANNOTATIONS)
    for job in deployment.of_kind(JOB):
        yield from _unknown(job.at("spec.template.metadata.annotations"), {})


def known_labels(deployment: Deployment) -> Iterator[Finding]:
    """A misspelt label selects nothing: a Service becomes public, a NetworkPolicy protects no pod."""
    for built in deployment.objects:
        is_namespace = (built.api_version, built.kind) == NAMESPACE
        yield from _unknown(node(built).at("metadata.labels"), NAMESPACE_LABELS if is_namespace else LABELS)
        yield from _unknown(node(built).at("spec.template.metadata.labels"), LABELS)


def _unknown(texts: Node, known: Mapping[str, Text]) -> Iterator[Finding]:
    for name, value in texts.entries():
        if name not in known:
            yield value.finding(f"is not known here; known are {', '.join(sorted(known)) or 'none'}")
        else:
            yield from mismatches(value, known[name])


def broker_class(deployment: Deployment) -> Iterator[Finding]:
    """Without its class a Broker is of the cluster's default class, which need not be Kafka's."""
    for broker in deployment.of_kind(BROKER):
        annotations = broker.at("metadata.annotations")
        if not annotations[BROKER_CLASS].exists:
            yield annotations.finding(f"needs {BROKER_CLASS}: Kafka")


def resolvable_refs(deployment: Deployment) -> Iterator[Finding]:
    """Webhooks accept a ref of any kind, without name, or to nothing; its events are lost or wait for ever."""
    for kind, places in DESTINATIONS.items():
        for owner in deployment.of_kind(kind):
            for path, kinds in places.items():
                yield from _unresolvable(deployment, owner.at(path)["ref"], kinds)
    for binding in deployment.of_kind(SINK_BINDING):
        yield from _unresolvable(deployment, binding.at("spec.subject"), (SERVICE,))
    for trigger in deployment.of_kind(TRIGGER):
        broker = trigger.at("spec.broker")
        if broker.text not in deployment.names(BROKER):
            yield broker.finding(f"there is no Broker {broker.text}")


def _unresolvable(deployment: Deployment, ref: Node, kinds: tuple[Kind, ...]) -> Iterator[Finding]:
    kind = (ref["apiVersion"].text, ref["kind"].text)
    if kind not in kinds:
        allowed = " or ".join(f"{name} of {version}" for version, name in kinds)
        yield ref.finding(f"must be a {allowed}, not {kind[1] or 'nothing'} of {kind[0] or 'nothing'}")
    elif ref["name"].text not in deployment.names(kind):
        yield ref["name"].finding(f"there is no {kind[1]} {ref['name'].text}")
    if ref["namespace"].exists and ref["namespace"].text != deployment.namespace:
        yield ref["namespace"].finding(f"must be {deployment.namespace}, where everything is")


def one_namespace(deployment: Deployment) -> Iterator[Finding]:
    """On a fresh cluster objects without their Namespace fail, and pods outside it escape its policies."""
    namespaces = deployment.of_kind(NAMESPACE)
    if [found.name for found in namespaces] != [deployment.namespace]:
        first = node(deployment.objects[0])
        yield first.finding(f"there must be one Namespace {deployment.namespace}, which the objects are in")
    for namespace in namespaces:
        for mode in ("enforce", "audit", "warn"):
            if not namespace.at("metadata.labels")[f"pod-security.kubernetes.io/{mode}"].exists:
                yield namespace.at("metadata.labels").finding(f"needs pod-security.kubernetes.io/{mode}: restricted")
    for built in deployment.objects:
        if (built.api_version, built.kind) != NAMESPACE and built.namespace != deployment.namespace:
            yield node(built).at("metadata.namespace").finding(f"must be {deployment.namespace}, not {built.namespace}")


def schedules(deployment: Deployment) -> Iterator[Finding]:
    """A timer with an invalid schedule never fires."""
    for source in deployment.of_kind(PING_SOURCE):
        schedule = source.at("spec.schedule")
        if not croniter.is_valid(schedule.text, second_at_beginning=True):
            yield schedule.finding("must be a cron schedule of five fields, or six with seconds first")
        elif not _ever_fires(schedule.text):
            yield schedule.finding("never fires: there is no such day")


def _ever_fires(schedule: str) -> bool:
    try:
        croniter(schedule, ANY_TIME, second_at_beginning=True).get_next()
    except CroniterBadDateError:
        return False
    return True


def probes_of_the_port(deployment: Deployment) -> Iterator[Finding]:
    """A probe of a port where nobody listens kills a healthy process again and again."""
    for service in deployment.of_kind(SERVICE):
        for container in containers(service):
            ports = {port["containerPort"].whole for port in container["ports"]}
            for name in ("readinessProbe", "startupProbe", "livenessProbe"):
                port = container[name].at("httpGet.port")
                if port.exists and port.whole not in ports:
                    yield port.finding(f"must be the containerPort {', '.join(map(str, ports))}")
