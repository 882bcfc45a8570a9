"""Fields of Knative Services and Jobs; both have a pod with one container, with the same rights and limits."""

from typing import Final

from battlescope_local.manifest_checks.fields.common import KEY_REF, NAME, NAME_REF, PORT, spec
from battlescope_local.manifest_checks.fields.shapes import (
    Flag,
    ListOf,
    Mapped,
    Shape,
    Text,
    TextMap,
    Whole,
    choice,
    mapped,
)
from battlescope_local.manifests.serving import SCRATCH

VARIABLE: Final = Text(r"[A-Z][A-Z0-9_]*", "the name of a variable in capitals")
CPU: Final = Text(r"[0-9]+(\.[0-9]+)?|[0-9]+m", "an amount such as 100m or 1 in quotes")
# `128m` would be an eighth of a byte, and is accepted.
BYTES: Final = Text(r"[0-9]+(Ki|Mi|Gi)", "an amount such as 128Mi")
AMOUNTS: Final = mapped({"cpu": CPU, "memory": BYTES, "ephemeral-storage": BYTES})
UNPRIVILEGED_ID: Final = Whole(1000)  # numbers below belong to accounts of the system

# `runAsNonRoot` needs a number, because the kubelet cannot tell from the name of an image's user whether it is root.
SECURITY_CONTEXT: Final = mapped(
    {
        "runAsNonRoot": Flag(only=True),
        "runAsUser": UNPRIVILEGED_ID,
        "runAsGroup": UNPRIVILEGED_ID,
        "allowPrivilegeEscalation": Flag(only=False),
        "readOnlyRootFilesystem": Flag(only=True),
        "capabilities": mapped({"drop": ListOf(choice("ALL"))}),
        "seccompProfile": mapped({"type": choice("RuntimeDefault")}),
    }
)
ENV: Final = Mapped(
    {
        "name": VARIABLE,
        "value": Text(r"(?s).*", "text (a number needs quotes)"),
        "valueFrom": Mapped(
            {"secretKeyRef": KEY_REF, "configMapKeyRef": KEY_REF}, one_of=("secretKeyRef", "configMapKeyRef")
        ),
    },
    frozenset({"name"}),
    ("value", "valueFrom"),
)
ENV_FROM: Final = Mapped({"secretRef": NAME_REF, "configMapRef": NAME_REF}, one_of=("secretRef", "configMapRef"))
PROBE_TIMING: Final[dict[str, Shape]] = {
    name: Whole(0, 600)
    for name in ("periodSeconds", "successThreshold", "failureThreshold", "timeoutSeconds", "initialDelaySeconds")
}


def probe(path: str) -> Mapped:
    """Of the kubelet, which knows no port but the one that is stated."""
    return mapped({"httpGet": mapped({"path": choice(path), "port": PORT})}, PROBE_TIMING)


# Of the queue-proxy, which knows the port.
READINESS: Final = mapped({"httpGet": mapped({"path": choice("/health/readiness")}, {"port": PORT})}, PROBE_TIMING)


CONTAINER: Final[dict[str, Shape]] = {
    "image": Text(),
    "resources": mapped({"requests": AMOUNTS, "limits": AMOUNTS}),
    "securityContext": SECURITY_CONTEXT,
}
OPTIONAL_CONTAINER: Final[dict[str, Shape]] = {
    "name": NAME,
    "command": ListOf(Text()),
    "args": ListOf(Text()),
    "env": ListOf(ENV),
    "envFrom": ListOf(ENV_FROM),
    "volumeMounts": ListOf(mapped({"name": NAME, "mountPath": choice(SCRATCH)})),
}
SERVICE_CONTAINER: Final = mapped(
    {
        **CONTAINER,
        "ports": ListOf(mapped({"name": choice("http1"), "containerPort": PORT})),
        "readinessProbe": READINESS,
        "startupProbe": probe("/health/liveness"),
        "livenessProbe": probe("/health/liveness"),
    },
    OPTIONAL_CONTAINER,
)
JOB_CONTAINER: Final = mapped({**CONTAINER, "name": NAME}, OPTIONAL_CONTAINER)
# A volume without a limit fills the disk of its node, and with it all other pods.
VOLUMES: Final = ListOf(mapped({"name": NAME, "emptyDir": mapped({"sizeLimit": BYTES}, {"medium": choice("Memory")})}))
POD: Final[dict[str, Shape]] = {
    "serviceAccountName": NAME,
    # No function uses the API of Kubernetes; a stolen token would.
    "automountServiceAccountToken": Flag(only=False),
    # The addresses of all Services of the namespace in the environment slow the start of each process.
    "enableServiceLinks": Flag(only=False),
}
OPTIONAL_POD: Final[dict[str, Shape]] = {"volumes": VOLUMES, "imagePullSecrets": ListOf(NAME_REF)}
TEMPLATE_METADATA: Final = mapped({}, {"labels": TextMap(), "annotations": TextMap()})

# `spec.template.metadata.name` is no field here: with it every change without a new name fails. Pod-level security
# contexts are off by default in Knative.
SERVICE: Final = spec(
    {
        "template": mapped(
            {
                "metadata": TEMPLATE_METADATA,
                "spec": mapped(
                    {
                        **POD,
                        "containerConcurrency": Whole(0, 1000),
                        "timeoutSeconds": Whole(1, 600),
                        "containers": ListOf(SERVICE_CONTAINER),
                    },
                    {
                        **OPTIONAL_POD,
                        "responseStartTimeoutSeconds": Whole(1, 600),
                        "idleTimeoutSeconds": Whole(1, 600),
                    },
                ),
            }
        )
    }
)
# A Job without deadline and time to live stays for ever, and so do its pods.
JOB: Final = spec(
    {
        "backoffLimit": Whole(1, 20),
        "activeDeadlineSeconds": Whole(1, 86_400),
        "ttlSecondsAfterFinished": Whole(60, 2_592_000),
        "template": mapped(
            {
                "metadata": TEMPLATE_METADATA,
                "spec": mapped(
                    {**POD, "restartPolicy": choice("Never", "OnFailure"), "containers": ListOf(JOB_CONTAINER)},
                    {**OPTIONAL_POD, "terminationGracePeriodSeconds": Whole(0, 600)},
                ),
            }
        ),
    }
)
