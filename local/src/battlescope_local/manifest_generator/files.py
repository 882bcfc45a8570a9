"""The generated files: their paths and texts."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from battlescope_local.manifest_generator import secret_templates
from battlescope_local.manifest_generator.declaration import NAMESPACE, Declaration, Job
from battlescope_local.manifest_generator.eventing import ping_source, trigger
from battlescope_local.manifest_generator.jobs import job, migration_job, schema_version_variable
from battlescope_local.manifest_generator.network_policies import UPSTREAMS, egress_policy
from battlescope_local.manifest_generator.pods import FUNCTION_LABEL, JOB_LABEL, service_account
from battlescope_local.manifest_generator.reading import BROKER_INGRESS, DATABASE_SERVER, Project, read_project
from battlescope_local.manifest_generator.routes import http_route
from battlescope_local.manifest_generator.service import service, sink_binding
from battlescope_local.manifest_generator.yaml_text import Commented, Node, documents_text
from battlescope_local.manifests.prerequisites import Workload

HAND_WRITTEN: Final = ("namespace.yaml", "network.yaml", "config.yaml", "brokers.yaml")
PREREQUISITES: Final = "base/prerequisites.yaml"


def generated_manifests(root: Path) -> Iterator[tuple[Path, str]]:
    """Every generated file below `knative/` of the project in `root`, and its text.

    Raises:
        ManifestError: a declaration or the prerequisites are invalid.
    """
    project = read_project(root)
    base, optional = root / "knative" / "base", root / "knative" / "optional"
    for function in project.functions:
        yield base / "functions" / f"{function.name}.yaml", _function_text(project, function)
    owners = {function.context: function for function in project.functions if function.context and function.owner}
    for context, owner in owners.items():
        yield base / "migrate" / f"{context}.yaml", _jobs_text(project, owner, project.schema_versions[context])
    yield base / "routes.yaml", _routes_text(project)
    yield base / "kustomization.yaml", _kustomization_text(project.functions, owners.keys())
    templates = (
        ("secrets-sops", secret_templates.sops_secrets(project.prerequisites)),
        ("secrets-external", secret_templates.external_secrets(project.prerequisites)),
    )
    for folder, documents in templates:
        yield optional / folder / "secrets.yaml", documents_text(_header(PREREQUISITES), documents)


def _header(source: str) -> str:
    return f"Generated from knative/{source} by `make generate`; edit that file."


def _function_text(project: Project, function: Declaration) -> str:
    version = project.schema_versions[function.context] if function.context else None
    labels: dict[str, Node] = {FUNCTION_LABEL: function.name}
    documents = [
        *(service(function, part, version) for part in function.services),
        service_account(function.name, labels),
    ]
    if function.publishes_to:
        documents += [sink_binding(function, part, function.publishes_to) for part in function.services]
    documents += [trigger(function, part, declared) for part in function.services for declared in part.triggers]
    documents += [ping_source(function, declared) for declared in function.timers]
    workloads = [
        *([project.workload(DATABASE_SERVER)] if function.context else []),
        *_opened(project, function.secrets),
        *([project.workload(BROKER_INGRESS)] if function.publishes_to else []),
    ]
    internet = UPSTREAMS in function.config_maps
    if workloads or internet:
        documents.append(egress_policy(function.name, labels, labels, workloads, internet=internet))
    return documents_text(_header(f"declarations/{function.name}.yaml"), documents)


def _opened(project: Project, secrets: Sequence[str]) -> Iterator[Workload]:
    """What the Secrets lead to."""
    opened = {secret.name: secret.opens for secret in project.prerequisites.secrets if secret.opens}
    return (project.workload(opened[name]) for name in secrets if name in opened)


def _jobs_text(project: Project, owner: Declaration, version: str) -> str:
    wait_for_schema = [schema_version_variable(version, "The command waits until this migration was applied.")]
    migrations: Node = {"name": "DBMATE_MIGRATIONS_DIR", "value": "migrations"}
    migration = migration_job(owner)
    documents = [job(owner, migration, "migrate", [migrations]), *_job_rights(project, owner, migration)]
    for declared in owner.jobs:
        documents += [job(owner, declared, "setup", wait_for_schema), *_job_rights(project, owner, declared)]
    return documents_text(_header(f"declarations/{owner.name}.yaml"), documents)


def _job_rights(project: Project, owner: Declaration, declared: Job) -> list[Node]:
    labels: dict[str, Node] = {FUNCTION_LABEL: owner.name}
    pods: dict[str, Node] = {JOB_LABEL: declared.name}
    workloads = [project.workload(DATABASE_SERVER), *_opened(project, declared.secrets)]
    internet = UPSTREAMS in declared.config_maps
    policy = egress_policy(declared.name, labels, pods, workloads, internet=internet)
    return [service_account(declared.name, labels), policy]


def _routes_text(project: Project) -> str:
    why = (
        "Public paths and the functions that serve them. Functions without a path are unreachable from outside. "
        "Knative routes by host, so that each rule sends to Knative's ingress with the host of its function; the "
        "ClusterIP Service of the ingress is the backend, because several gateways refuse the ExternalName Services of "
        "Knative Services."
    )
    return documents_text(_header("declarations/*.yaml"), [Commented(http_route(project.functions), why)])


def _kustomization_text(functions: Iterable[Declaration], contexts: Iterable[str]) -> str:
    resources: list[Node] = [
        *HAND_WRITTEN,
        *(f"migrate/{context}.yaml" for context in contexts),
        *(f"functions/{function.name}.yaml" for function in functions),
        "routes.yaml",
    ]
    document: dict[str, Node] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": resources,
    }
    return documents_text(f"{_header('declarations/*.yaml')} Local mode runs the same manifests.", [document])
