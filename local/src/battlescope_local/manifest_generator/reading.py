"""Reads the declarations and what they refer to, and checks that they fit together."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from battlescope_local.manifest_generator.declaration import Declaration
from battlescope_local.manifests.fields import ManifestError
from battlescope_local.manifests.prerequisites import Prerequisites, Workload, load_prerequisites
from battlescope_local.manifests.typed_yaml import parse

# Workloads that no Secret opens: a context has a database, and a SinkBinding lets its function publish.
DATABASE_SERVER: Final = "postgresql"
BROKER_INGRESS: Final = "broker-ingress"


@dataclass(frozen=True, slots=True)
class Project:
    """All declarations by name, the prerequisites, and the newest migration of each context by its name."""

    functions: tuple[Declaration, ...]
    prerequisites: Prerequisites
    schema_versions: Mapping[str, str]

    def workload(self, name: str) -> Workload:
        return next(workload for workload in self.prerequisites.workloads if workload.name == name)


def read_project(root: Path) -> Project:
    """Declarations and prerequisites of the project in `root`.

    Raises:
        ManifestError: names everything that is missing or does not fit.
    """
    files = sorted((root / "knative" / "declarations").glob("*.yaml"))
    functions = tuple(parse(Declaration, file, name=file.stem) for file in files)
    prerequisites = load_prerequisites(root / "knative" / "base")
    errors = [
        *_wrong_owners(functions),
        *_shared_paths(functions),
        *_missing_prerequisites(functions, prerequisites),
        *_missing_workloads(prerequisites),
    ]
    if errors:
        raise ManifestError("; ".join(errors))
    versions = {
        owner.context: newest_migration(root, owner.name) for owner in functions if owner.context and owner.owner
    }
    return Project(functions, prerequisites, versions)


def _wrong_owners(functions: tuple[Declaration, ...]) -> Iterator[str]:
    for context in sorted({function.context for function in functions if function.context}):
        owners = [function.name for function in functions if function.context == context and function.owner]
        if len(owners) != 1:
            found = ", ".join(owners) or "none"
            yield f"declarations: exactly one function of the context {context} must have owner: true, not {found}"


def _shared_paths(functions: tuple[Declaration, ...]) -> Iterator[str]:
    paths = Counter(path for function in functions for path in function.paths)
    for path, count in paths.items():
        if count > 1:
            yield f"declarations: paths: {path} is declared {count} times; one function serves a path"


def _missing_prerequisites(functions: tuple[Declaration, ...], prerequisites: Prerequisites) -> Iterator[str]:
    secrets = {secret.name for secret in prerequisites.secrets}
    roles = {database.name: (database.owner, database.roles) for database in prerequisites.databases}
    for function in functions:
        used = {function.database_secret, *function.secrets, *(name for job in function.jobs for name in job.secrets)}
        for name in sorted(used - secrets - {""}):
            yield f"prerequisites.yaml: secrets: {name} is missing, which {function.name} uses"
        if not function.context:
            continue
        owner, allowed = roles.get(function.database, ("", ()))
        if function.name not in allowed:
            yield f"prerequisites.yaml: databases: {function.database} must list the role {function.name}"
        if function.owner and owner != function.name:
            yield f"prerequisites.yaml: databases: {function.database} must have the owner {function.name}"


def _missing_workloads(prerequisites: Prerequisites) -> Iterator[str]:
    existing = {workload.name for workload in prerequisites.workloads}
    opened = {secret.opens for secret in prerequisites.secrets if secret.opens}
    for name in sorted({DATABASE_SERVER, BROKER_INGRESS, *opened} - existing):
        yield f"prerequisites.yaml: workloads: {name} is missing, which policies open"


def newest_migration(root: Path, owner: str) -> str:
    """Its version, the digits that begin the name of the file; dbmate records these.

    Raises:
        ManifestError: the function `owner` has no migration.
    """
    versions = [file.name.partition("_")[0] for file in (root / "functions" / owner / "migrations").glob("*.sql")]
    if not versions:
        raise ManifestError(f"functions/{owner}/migrations: the owner of a database has no migration")
    return max(versions)
