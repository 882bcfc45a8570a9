"""Services and SinkBindings of a function."""

from typing import Final

from battlescope_local.manifest_generator import pods
from battlescope_local.manifest_generator.declaration import CpuBounds, Declaration, Explained, ServicePart
from battlescope_local.manifest_generator.jobs import MIGRATION_DEADLINE_SECONDS, schema_version_variable
from battlescope_local.manifest_generator.yaml_text import Commented, Node
from battlescope_local.manifests.quantities import millicores

# A new revision is ready when its schema is there, and the migration Job may take its deadline.
PROGRESS_DEADLINE_SECONDS: Final = MIGRATION_DEADLINE_SECONDS + 60
RUNTIME_CONFIG: Final = "runtime"  # the ConfigMap that every function needs


def service(declared: Declaration, part: ServicePart, schema_version: str | None) -> Node:
    """The Service, ready once its database has the migration `schema_version`; None without a database."""
    labels: dict[str, Node] = {
        "networking.knative.dev/visibility": "cluster-local",
        pods.FUNCTION_LABEL: declared.name,
        **({"battlescope.dev/database": declared.database} if declared.database else {}),
    }
    manifest: dict[str, Node] = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": part.name, "labels": labels},
        "spec": {"template": _template(declared, part, schema_version)},
    }
    return Commented(manifest, part.purpose)


def _template(declared: Declaration, part: ServicePart, schema_version: str | None) -> Node:
    return {
        "metadata": {
            "labels": {pods.FUNCTION_LABEL: declared.name},
            "annotations": _annotations(part),
        },
        "spec": {
            "serviceAccountName": declared.name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containerConcurrency": explained(part.scale.concurrency),
            "timeoutSeconds": explained(declared.timeout_seconds),
            "containers": [_container(declared, part, schema_version)],
            **pods.scratch_volume(part.resources),
        },
    }


def _annotations(part: ServicePart) -> Node:
    scale = part.scale
    annotations: dict[str, Node] = {
        "autoscaling.knative.dev/target": _annotation(scale.target),
        "autoscaling.knative.dev/max-scale": _annotation(scale.max_pods),
    }
    if scale.keep_last_pod:
        key = "autoscaling.knative.dev/scale-to-zero-pod-retention-period"
        annotations[key] = explained(scale.keep_last_pod)
    return annotations | {
        "serving.knative.dev/progress-deadline": f"{PROGRESS_DEADLINE_SECONDS}s",
        "queue.sidecar.serving.knative.dev/cpu-resource-request": f"{_sidecar_millicores(part.resources.cpu)}m",
        "queue.sidecar.serving.knative.dev/memory-resource-request": "32Mi",
        "queue.sidecar.serving.knative.dev/ephemeral-storage-resource-request": "16Mi",
        "queue.sidecar.serving.knative.dev/ephemeral-storage-resource-limit": f"{pods.LOGS_LIMIT_MEBIBYTES}Mi",
    }


def _sidecar_millicores(cpu: CpuBounds) -> int:
    """A quarter of the function's, because a busy node shares its CPU by the sum of a pod's requests."""
    return max(1, millicores(cpu.request) // 4)


def explained(value: Explained[str] | Explained[int]) -> Node:
    return Commented(value.value, value.why)


def _annotation(value: Explained[int]) -> Node:
    """Values of annotations are text."""
    return Commented(str(value.value), value.why)


def _container(declared: Declaration, part: ServicePart, schema_version: str | None) -> Node:
    environment = _environment(declared, schema_version)
    secrets = (*filter(None, (declared.database_secret,)), *declared.secrets)
    return {
        "image": f"battlescope/{declared.name}",
        "ports": [{"name": "http1", "containerPort": 8080}],
        **({"env": environment} if environment else {}),
        "envFrom": pods.environment_sources(secrets, (RUNTIME_CONFIG, *declared.config_maps)),
        "resources": pods.resources(part.resources),
        "readinessProbe": {"httpGet": {"path": "/health/readiness"}, "periodSeconds": 0, "successThreshold": 1},
        "startupProbe": {**_liveness(), "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {**_liveness(), "periodSeconds": 20},
        "securityContext": pods.security_context(),
        **pods.scratch_mount(part.resources),
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


def sink_binding(declared: Declaration, part: ServicePart, broker: Explained[str]) -> Node:
    """Sets K_SINK of a Service of the function to the address of its Broker."""
    manifest: dict[str, Node] = {
        "apiVersion": "sources.knative.dev/v1",
        "kind": "SinkBinding",
        "metadata": {"name": part.name, "labels": {pods.FUNCTION_LABEL: declared.name}},
        "spec": {
            "subject": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": part.name},
            "sink": {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": broker.value}},
        },
    }
    return Commented(manifest, broker.why)
