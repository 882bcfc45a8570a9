"""Triggers and PingSources of a function."""

from typing import Final

from battlescope_local.manifest_generator.declaration import Declaration, ServicePart, Timer, Trigger
from battlescope_local.manifest_generator.pods import FUNCTION_LABEL
from battlescope_local.manifest_generator.yaml_text import Commented, Node

RETRIES: Final = 5
BACKOFF_DELAY: Final = "PT0.5S"  # the first retry waits twice this, each further one twice its predecessor: 31 s in all
# The dispatcher waits longer than the function may take: an event that is still processed is not sent again.
TIMEOUT_MARGIN_SECONDS: Final = 10
DEAD_LETTER_SINK: Final = "dead-letters"


def trigger(function: Declaration, part: ServicePart, declared: Trigger) -> Node:
    labels: dict[str, Node] = {FUNCTION_LABEL: function.name}
    metadata: dict[str, Node] = {"name": declared.name, "labels": labels}
    if declared.ordered:
        metadata["annotations"] = {"kafka.eventing.knative.dev/delivery.order": "ordered"}
    manifest: dict[str, Node] = {
        "apiVersion": "eventing.knative.dev/v1",
        "kind": "Trigger",
        "metadata": metadata,
        "spec": {
            "broker": declared.broker,
            "filters": [_filter(declared)],
            "subscriber": _service_sink(part.name),
            "delivery": delivery(function.timeout_seconds.value),
        },
    }
    return Commented(manifest, declared.why)


def _filter(declared: Trigger) -> Node:
    exact: list[Node] = [{"exact": {"type": name}} for name in declared.types]
    return exact[0] if len(exact) == 1 else {"any": exact}


def delivery(timeout_seconds: int) -> Node:
    """Retries and dead letter sink, which each Trigger repeats: its delivery replaces that of its Broker."""
    sink: Node = {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": DEAD_LETTER_SINK}
    return {
        "retry": RETRIES,
        "backoffPolicy": "exponential",
        "backoffDelay": BACKOFF_DELAY,
        "timeout": f"PT{timeout_seconds + TIMEOUT_MARGIN_SECONDS}S",
        "deadLetterSink": {"ref": sink},
    }


def ping_source(function: Declaration, declared: Timer) -> Node:
    overrides: dict[str, Node] = {"ceOverrides": {"extensions": {"task": declared.task}}} if declared.task else {}
    manifest: dict[str, Node] = {
        "apiVersion": "sources.knative.dev/v1",
        "kind": "PingSource",
        "metadata": {"name": declared.name, "labels": {FUNCTION_LABEL: function.name}},
        "spec": {"schedule": declared.schedule, **overrides, "sink": _service_sink(function.name)},
    }
    return Commented(manifest, declared.why)


def _service_sink(name: str) -> Node:
    return {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": name}}
