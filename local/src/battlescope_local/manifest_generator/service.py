"""Service and SinkBinding of a function."""

from typing import Final

from battlescope_local.manifest_generator import pods
from battlescope_local.manifest_generator.declaration import Declaration, Explained, Scale
from battlescope_local.manifest_generator.jobs import MIGRATION_DEADLINE_SECONDS, schema_version_variable
from battlescope_local.manifest_generator.yaml_text import Commented, Node

# A new revision is ready when its schema is there, and the migration Job may take its deadline.
PROGRESS_DEADLINE_SECONDS: Final = MIGRATION_DEADLINE_SECONDS + 60
RUNTIME_CONFIG: Final = "runtime"  # the ConfigMap that every function needs


def service(declared: Declaration, schema_version: str | None) -> Node:
    """The Service, ready once its database has the migration `schema_version`; None without a database."""
    labels: dict[str, Node] = {
        "networking.knative.dev/visibility": "cluster-local",
        pods.FUNCTION_LABEL: declared.name,
        **({"battlescope.dev/database": declared.database} if declared.database else {}),
    }
    manifest: dict[str, Node] = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": declared.name, "labels": labels},
        "spec": {"template": _template(declared, schema_version)},
    }
    return Commented(manifest, declared.purpose)


def _template(declared: Declaration, schema_version: str | None) -> Node:
    return {
        "metadata": {
            "labels": {pods.FUNCTION_LABEL: declared.name},
            "annotations": _annotations(declared.scale),
        },
        "spec": {
            "serviceAccountName": declared.name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containerConcurrency": explained(declared.scale.concurrency),
            "timeoutSeconds": explained(declared.timeout_seconds),
            "containers": [_container(declared, schema_version)],
            **pods.scratch_volume(declared.resources),
        },
    }


def _annotations(scale: Scale) -> Node:
    annotations: dict[str, Node] = {
        "autoscaling.knative.dev/target": _annotation(scale.target),
        "autoscaling.knative.dev/max-scale": _annotation(scale.max_pods),
    }
    if scale.keep_last_pod:
        key = "autoscaling.knative.dev/scale-to-zero-pod-retention-period"
        annotations[key] = explained(scale.keep_last_pod)
    return annotations | {
        "serving.knative.dev/progress-deadline": f"{PROGRESS_DEADLINE_SECONDS}s",
        "queue.sidecar.serving.knative.dev/cpu-resource-request": "25m",
        "queue.sidecar.serving.knative.dev/memory-resource-request": "32Mi",
        "queue.sidecar.serving.knative.dev/ephemeral-storage-resource-request": "16Mi",
        "queue.sidecar.serving.knative.dev/ephemeral-storage-resource-limit": f"{pods.LOGS_LIMIT_MEBIBYTES}Mi",
    }


def explained(value: Explained[str] | Explained[int]) -> Node:
    return Commented(value.value, value.why)


def _annotation(value: Explained[int]) -> Node:
    """Values of annotations are text."""
    return Commented(str(value.value), value.why)


def _container(declared: Declaration, schema_version: str | None) -> Node:
    environment = _environment(declared, schema_version)
    secrets = (*filter(None, (declared.database_secret,)), *declared.secrets)
    return {
        "image": f"battlescope/{declared.name}",
        "ports": [{"name": "http1", "containerPort": 8080}],
        **({"env": environment} if environment else {}),
        "envFrom": pods.environment_sources(secrets, (RUNTIME_CONFIG, *declared.config_maps)),
        "resources": pods.resources(declared.resources),
        "readinessProbe": {"httpGet": {"path": "/health/readiness"}, "periodSeconds": 0, "successThreshold": 1},
        "startupProbe": {**_liveness(), "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {**_liveness(), "periodSeconds": 20},
        "securityContext": pods.security_context(),
        **pods.scratch_mount(declared.resources),
    }


def _environment(declared: Declaration, schema_version: str | None) -> list[Node]:
    variables: list[Node] = [
        Commented({"name": name, "value": value.value}, value.why) for name, value in declared.env.items()
    ]
    if schema_version is not None:
        variables.append(schema_version_variable(schema_version, "The pod is ready once this migration was applied."))
    return variables


def _liveness() -> dict[str, Node]:
    return {"httpGet": {"path": "/health/liveness", "port": 8080}}


def sink_binding(declared: Declaration, broker: Explained[str]) -> Node:
    """Sets K_SINK of the function to the address of its Broker."""
    manifest: dict[str, Node] = {
        "apiVersion": "sources.knative.dev/v1",
        "kind": "SinkBinding",
        "metadata": {"name": declared.name, "labels": {pods.FUNCTION_LABEL: declared.name}},
        "spec": {
            "subject": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": declared.name},
            "sink": {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": broker.value}},
        },
    }
    return Commented(manifest, broker.why)
