"""Knative Services and Jobs as values."""

from collections.abc import Mapping
from typing import Final

from battlescope_local.manifests.documents import Document
from battlescope_local.manifests.fields import Fields, go_seconds
from battlescope_local.manifests.model import Container, EnvVar, Job, Scale, Service
from battlescope_local.manifests.quantities import CPU_QUANTITY, millicores

AUTOSCALING: Final = "autoscaling.knative.dev/"
# Rollout, scheduling and the sidecar do not exist on one machine.
IGNORED_ANNOTATIONS: Final = (
    "serving.knative.dev/progress-deadline",
    "serving.knative.dev/rollout-duration",
    *(
        f"queue.sidecar.serving.knative.dev/{kind}-resource-{bound}"
        for kind in ("cpu", "memory", "ephemeral-storage")
        for bound in ("request", "limit")
    ),
)
# Rights of a pod, which a process of the node's user does not have.
IGNORED_POD: Final = (
    *("enableServiceLinks", "automountServiceAccountToken", "imagePullSecrets", "terminationGracePeriodSeconds"),
)
USER: Final = ("runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "seccompProfile")
RIGHTS: Final = (*USER, "allowPrivilegeEscalation", "privileged", "readOnlyRootFilesystem", "capabilities")
# A local process that dies is restarted without a probe.
IGNORED_CONTAINER: Final = (
    *("name", "imagePullPolicy", "livenessProbe", "startupProbe"),
    *("terminationMessagePath", "terminationMessagePolicy"),
)
# The processes of a node share the machine without limits; a request of CPU is their weight where it is busy.
RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
# A node runs each Job once before functions start, and does not start if it fails.
IGNORED_JOB: Final = ("backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds")
PROBE_TIMING: Final = (
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
    "timeoutSeconds",
    "initialDelaySeconds",
)
SCRATCH: Final = "/tmp"  # noqa: S108  # the writable mount of containers whose file system is read-only


def service(document: Document) -> Service:
    with document.annotations as annotations:
        annotations.ignore(IGNORED_ANNOTATIONS)
    with (
        document.fields as fields,
        fields.mapping("spec") as spec,
        spec.mapping("template") as template,
        template.optional("metadata") as metadata,
        metadata.optional("annotations") as annotations,
        template.mapping("spec") as pod,
    ):
        metadata.ignore(["labels"])
        annotations.ignore(
            (*IGNORED_ANNOTATIONS, AUTOSCALING + "target-burst-capacity")
        )  # all goes through the gateway
        concurrency, timeout = pod.integer("containerConcurrency", 0), pod.integer("timeoutSeconds", 300)
        scale = _scale(annotations, concurrency, timeout)
        return Service(document.name, _container(pod), scale, document.labels, _service_account(pod))


def _scale(annotations: Fields, concurrency: int, timeout: int) -> Scale:
    annotations.choice(AUTOSCALING + "class", ["kpa.autoscaling.knative.dev"], "kpa.autoscaling.knative.dev")
    annotations.choice(AUTOSCALING + "metric", ["concurrency"], "concurrency")
    annotations.choice(AUTOSCALING + "initial-scale", ["1"], "1")
    default = Scale()
    return Scale(
        int(_number(annotations, "min-scale", default.min_scale, is_integer=True)),
        int(_number(annotations, "max-scale", default.max_scale, is_integer=True)),
        _number(annotations, "target", default.target),
        _number(annotations, "target-utilization-percentage", default.target_utilization * 100) / 100,
        concurrency,
        _go_duration(annotations, "window", default.window),
        _go_duration(annotations, "scale-to-zero-pod-retention-period", default.retention),
        timeout,
    )


def _number(annotations: Fields, name: str, default: float, *, is_integer: bool = False) -> float:
    """A number in an annotation, whose values Kubernetes requires to be text."""
    text = annotations.text(AUTOSCALING + name, f"{default:g}")
    digits = text if is_integer else text.replace(".", "", 1)
    if not digits.isdecimal():
        (annotations.location / (AUTOSCALING + name)).fail(f"must be a number in quotes, not {text!r}")
    return float(text)


def _go_duration(annotations: Fields, name: str, default: float) -> float:
    seconds = go_seconds(annotations.text(AUTOSCALING + name, f"{default:g}s"))
    if seconds is None:
        (annotations.location / (AUTOSCALING + name)).fail("must be a duration such as 60s or 5m")
    return seconds


def job(document: Document) -> Job:
    document.annotations.reject_unread()
    with (
        document.fields as fields,
        fields.mapping("spec") as spec,
        spec.mapping("template") as template,
        template.mapping("spec") as pod,
    ):
        spec.ignore(IGNORED_JOB)
        template.ignore(["metadata"])
        pod.ignore(["restartPolicy"])
        return Job(document.name, _container(pod), document.labels, _service_account(pod))


def _service_account(pod: Fields) -> str:
    return pod.text("serviceAccountName", "default")


def _container(pod: Fields) -> Container:
    pod.ignore(IGNORED_POD)
    pod.ignore_within("securityContext", USER)
    scratch = _scratch_volumes(pod)
    containers = list(pod.mappings("containers"))
    if len(containers) != 1:
        (pod.location / "containers").fail("must have exactly one container")
    with containers[0] as fields:
        fields.ignore(IGNORED_CONTAINER)
        fields.ignore_within("securityContext", RIGHTS)
        cpu_request = _cpu_request(fields)
        _check_ports(fields)
        _check_mounts(fields, scratch)
        return Container(
            fields.text("image"),
            fields.texts("command"),
            fields.texts("args"),
            tuple(_variable(variable) for variable in fields.mappings("env")),
            *_sources(fields),
            _readiness_path(fields),
            cpu_request,
        )


def _cpu_request(container: Fields) -> int | None:
    with container.optional("resources") as resources, resources.optional("requests") as requests:
        resources.ignore_within("limits", RESOURCES)
        requests.ignore(RESOURCES)
        if "cpu" not in requests:
            return None
        quantity = requests.text("cpu")
        if not CPU_QUANTITY.fullmatch(quantity):
            (requests.location / "cpu").fail(f"must be a quantity such as 100m, not {quantity!r}")
        return millicores(quantity)


def _scratch_volumes(pod: Fields) -> set[str]:
    names = set[str]()
    for volume in pod.mappings("volumes"):
        with volume:
            names.add(volume.text("name"))
            volume.ignore_within("emptyDir", ["sizeLimit", "medium"])
    return names


def _check_mounts(container: Fields, scratch: set[str]) -> None:
    """Only a scratch volume at /tmp works on one machine, which has that folder."""
    for mount in container.mappings("volumeMounts"):
        with mount:
            if mount.text("name") not in scratch:
                (mount.location / "name").fail("there is no such emptyDir volume")
            mount.choice("mountPath", [SCRATCH])


def _check_ports(container: Fields) -> None:
    """The protocol must be HTTP/1; the port is ignored, because the node sets PORT for each process."""
    for port in container.mappings("ports"):
        with port:
            port.ignore(["containerPort"])
            port.choice("name", ["http1"], "http1")
            port.choice("protocol", ["TCP"], "TCP")


def _readiness_path(container: Fields) -> str | None:
    if "readinessProbe" not in container:
        return None
    with container.mapping("readinessProbe") as probe, probe.mapping("httpGet") as get:
        probe.ignore(PROBE_TIMING)
        get.ignore(["port"])
        get.choice("scheme", ["HTTP"], "HTTP")
        return get.text("path")


def _variable(fields: Fields) -> EnvVar:
    with fields:
        name = fields.text("name")
        if "valueFrom" not in fields:
            return EnvVar(name, value=fields.text("value", ""))
        with fields.mapping("valueFrom") as source:
            if "secretKeyRef" in source:
                return EnvVar(name, secret=_key(source, "secretKeyRef"))
            return EnvVar(name, config_map=_key(source, "configMapKeyRef"))


def _key(source: Fields, kind: str) -> tuple[str, str]:
    with source.mapping(kind) as ref:
        return ref.text("name"), ref.text("key")


def _sources(container: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Secrets and ConfigMaps of which every key becomes a variable."""
    secrets, config_maps = list[str](), list[str]()
    for source in container.mappings("envFrom"):
        with source:
            if "secretRef" in source:
                secrets.append(_name(source, "secretRef"))
            else:
                config_maps.append(_name(source, "configMapRef"))
    return tuple(secrets), tuple(config_maps)


def _name(source: Fields, kind: str) -> str:
    with source.mapping(kind) as ref:
        return ref.text("name")


def config_map(document: Document) -> Mapping[str, str]:
    document.annotations.reject_unread()
    with document.fields as fields:
        fields.ignore(["immutable"])
        return fields.text_map("data")
