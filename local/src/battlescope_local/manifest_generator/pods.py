"""What the pods of functions and Jobs have in common: rights, limits, sources of their environment."""

from collections.abc import Sequence
from typing import Final

from battlescope_local.manifest_generator.declaration import Resources
from battlescope_local.manifest_generator.yaml_text import Commented, Node

USER_ID: Final = 65532  # of no account on a node; the images use the same
FUNCTION_LABEL: Final = "battlescope.dev/function"
JOB_LABEL: Final = "battlescope.dev/job"
# The kubelet keeps five log files of 10 MiB for a container.
LOGS_REQUEST_MEBIBYTES: Final = 64
LOGS_LIMIT_MEBIBYTES: Final = 128


def service_account(name: str, labels: dict[str, Node]) -> dict[str, Node]:
    """No function uses the Kubernetes API, so that no pod holds a token for it."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "labels": labels},
        "automountServiceAccountToken": False,
    }


def security_context() -> dict[str, Node]:
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def resources(declared: Resources) -> dict[str, Node]:
    """Requests and limits; the scratch volume counts as ephemeral storage, as the logs do."""
    scratch = mebibytes(declared.scratch.value) if declared.scratch else 0
    return {
        "requests": {
            "cpu": declared.cpu.request,
            "memory": declared.memory.request,
            "ephemeral-storage": f"{LOGS_REQUEST_MEBIBYTES + scratch}Mi",
        },
        "limits": {
            "cpu": declared.cpu.limit,
            "memory": declared.memory.limit,
            "ephemeral-storage": f"{LOGS_LIMIT_MEBIBYTES + scratch}Mi",
        },
    }


def mebibytes(quantity: str) -> int:
    return int(quantity.removesuffix("Mi"))


def environment_sources(secrets: Sequence[str], config_maps: Sequence[str]) -> list[Node]:
    return [
        *({"secretRef": {"name": name}} for name in secrets),
        *({"configMapRef": {"name": name}} for name in config_maps),
    ]


def scratch_mount(declared: Resources) -> dict[str, Node]:
    """Field of the container; empty without scratch."""
    return {"volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}]} if declared.scratch else {}  # noqa: S108  # in the pod


def scratch_volume(declared: Resources) -> dict[str, Node]:
    """Field of the pod; empty without scratch."""
    if declared.scratch is None:
        return {}
    volume: dict[str, Node] = {"name": "scratch", "emptyDir": {"sizeLimit": declared.scratch.value}}
    return {"volumes": [Commented(volume, declared.scratch.why)]}
