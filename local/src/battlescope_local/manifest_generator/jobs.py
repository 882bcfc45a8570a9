"""Jobs of a context: its migrations, and what else its owner declares."""

from collections.abc import Sequence
from typing import Final, Literal

from battlescope_local.manifest_generator import pods
from battlescope_local.manifest_generator.declaration import (
    CpuBounds,
    Declaration,
    Job,
    MemoryBounds,
    Resources,
)
from battlescope_local.manifest_generator.yaml_text import Commented, Node

MIGRATION_DEADLINE_SECONDS: Final = 600
# Other Jobs first wait for the migrations, then have as long for their own work.
SETUP_DEADLINE_SECONDS: Final = 2 * MIGRATION_DEADLINE_SECONDS
RETRIES: Final = 6
# A day to read the logs of a Job; what applies the same release later runs it again, which changes nothing.
KEEP_SECONDS: Final = 86_400
MIGRATION_RESOURCES: Final = Resources(
    cpu=CpuBounds(request="50m", limit="500m"), memory=MemoryBounds(request="64Mi", limit="128Mi")
)


def migration_job(owner: Declaration) -> Job:
    """The Job that brings the context's database to the schema of this release."""
    return Job(
        name=f"migrate-{owner.context}",
        purpose=(
            f"Migrates {owner.database}. Functions of the context become ready when it has applied the version that "
            "they name; those of the release before serve meanwhile."
        ),
        command=("dbmate", "--no-dump-schema", "--wait", "up"),
        resources=MIGRATION_RESOURCES,
    )


def job(owner: Declaration, declared: Job, phase: Literal["migrate", "setup"], env: Sequence[Node]) -> Node:
    """A Job of the owner's image. A release renames it by its image's digest, because a Job cannot be changed."""
    deadline = MIGRATION_DEADLINE_SECONDS if phase == "migrate" else SETUP_DEADLINE_SECONDS
    labels: dict[str, Node] = {
        pods.FUNCTION_LABEL: owner.name,
        "battlescope.dev/database": owner.database,
        "battlescope.dev/database-owner": owner.name,
        "battlescope.dev/phase": phase,
    }
    manifest: dict[str, Node] = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": declared.name, "labels": labels},
        "spec": {
            "backoffLimit": RETRIES,
            "activeDeadlineSeconds": deadline,
            "ttlSecondsAfterFinished": KEEP_SECONDS,
            "template": {
                "metadata": {"labels": {pods.JOB_LABEL: declared.name}},
                "spec": _pod(owner, declared, env),
            },
        },
    }
    return Commented(manifest, declared.purpose)


def schema_version_variable(version: str, why: str) -> Node:
    """The migration that the container waits for: the newest one of its release."""
    return Commented({"name": "SCHEMA_VERSION", "value": version}, why)


def _pod(owner: Declaration, declared: Job, env: Sequence[Node]) -> Node:
    container: dict[str, Node] = {
        "name": declared.name,
        "image": f"battlescope/{owner.name}",
        "command": list(declared.command),
        "env": list(env),
        "envFrom": pods.environment_sources((owner.database_secret, *declared.secrets), declared.config_maps),
        "resources": pods.resources(declared.resources),
        "securityContext": pods.security_context(),
        **pods.scratch_mount(declared.resources),
    }
    return {
        "serviceAccountName": declared.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "containers": [container],
        **pods.scratch_volume(declared.resources),
    }
