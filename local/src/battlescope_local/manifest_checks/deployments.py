"""What the rules look at: the objects of base or of an environment, and what the code of the project says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from battlescope_local.manifest_checks.fields.kinds import Kind
from battlescope_local.manifest_checks.nodes import Finding, Node, node
from battlescope_local.manifests.kustomize import ManifestObject
from battlescope_local.manifests.labels import BACKGROUND_SUFFIX, FUNCTION_LABEL
from battlescope_local.manifests.loading import BROKER, CONFIG_MAP, JOB, SERVICE
from battlescope_local.manifests.prerequisites import FILE_NAME, Prerequisites

DATABASE_SUFFIX = "-database"  # of the Secret with a function's role


@dataclass(frozen=True, slots=True)
class Function:
    """What the code of a function says.

    Variables are those of its Settings in lower case, with a reader for each; words the texts in each of its modules,
    paths those of its OpenAPI document.
    """

    name: str
    accepts: frozenset[str]
    emits: frozenset[str]
    variables: frozenset[str]
    required_variables: frozenset[str]
    words: tuple[frozenset[str], ...]
    modules: frozenset[str]
    readers: Mapping[str, TypeAdapter[Any]]
    paths: tuple[str, ...] = ()
    newest_migration: str | None = None

    def value_error(self, variable: str, value: str) -> str | None:
        """Why the Settings refuse the value; None where they take it or know no such variable."""
        if variable not in self.readers:
            return None
        try:
            self.readers[variable].validate_python(value)
        except ValidationError as error:
            return error.errors()[0]["msg"]
        return None

    @property
    def database_secret(self) -> str:
        return self.name + DATABASE_SUFFIX


@dataclass(frozen=True, slots=True)
class Deployment:
    """Base (`environment` is None) or one environment, with all that its manifests lean on.

    `event_types` are those of the catalogue, `timer` is the type of timer events, `second_brokers` the Brokers that a
    function posts to beside that of its SinkBinding.
    """

    environment: str | None
    objects: tuple[ManifestObject, ...]
    prerequisites: Prerequisites
    functions: Mapping[str, Function]
    event_types: frozenset[str]
    timer: str
    second_brokers: Mapping[str, frozenset[str]]

    @property
    def title(self) -> str:
        return self.environment or "base"

    def of_kind(self, kind: Kind) -> list[Node]:
        return [node(built) for built in self.objects if (built.api_version, built.kind) == kind]

    def names(self, kind: Kind) -> set[str]:
        return {found.name for found in self.of_kind(kind)}

    def workloads(self) -> list[Node]:
        """Services and Jobs: all that runs code of the project."""
        return [*self.of_kind(SERVICE), *self.of_kind(JOB)]

    def services_with_code(self) -> Iterator[tuple[Node, Function]]:
        """Services and what their code says; `service_for_each_function` finds those without code."""
        for service in self.of_kind(SERVICE):
            function = self.function_behind(service.name)
            if function:
                yield service, function

    def function_behind(self, service: str) -> Function | None:
        """The function that the Service of this name runs."""
        return self.functions.get(service.removesuffix(BACKGROUND_SUFFIX))

    def containers_with_code(self) -> Iterator[tuple[Node, Function]]:
        """Containers of Services and Jobs, and what the code of their function says."""
        for workload in self.workloads():
            for container in containers(workload):
                if function_of(workload) in self.functions:
                    yield container, self.functions[function_of(workload)]

    @property
    def namespace(self) -> str:
        return next((built.namespace for built in self.objects if built.namespace), "")


@dataclass(frozen=True, slots=True)
class WholeProject:
    """Base and all environments, the components that are applied apart, and the files that are generated."""

    root: Path
    deployments: tuple[Deployment, ...]
    components: Mapping[str, tuple[ManifestObject, ...]]
    generated: tuple[tuple[Path, str], ...]

    @property
    def manifests(self) -> Path:
        return self.root / "knative"

    @property
    def base(self) -> Deployment:
        return next(deployment for deployment in self.deployments if deployment.environment is None)


def prerequisite_finding(path: str, sentence: str) -> Finding:
    """A finding in the file that lists what the manifests refer to and do not create."""
    return Finding(f"knative/base/{FILE_NAME}", "", path, sentence)


def broker_configs(deployment: Deployment) -> list[Node]:
    """ConfigMaps that Brokers name: how Knative reaches Kafka."""
    names = {broker.at("spec.config.name").text for broker in deployment.of_kind(BROKER)}
    return [config for config in deployment.of_kind(CONFIG_MAP) if config.name in names]


def pod(workload: Node) -> Node:
    return workload.at("spec.template.spec")


def containers(workload: Node) -> Iterator[Node]:
    return iter(pod(workload)["containers"])


def function_of(workload: Node) -> str:
    """Name of the function whose code a Service or Job runs."""
    return workload.at("metadata.labels")[FUNCTION_LABEL].text


def secret_names(container: Node) -> set[str]:
    """Secrets of which a container gets all keys or one."""
    return (
        {source.at("secretRef.name").text for source in container["envFrom"]}
        | {variable.at("valueFrom.secretKeyRef.name").text for variable in container["env"]}
    ) - {""}


def config_map_names(container: Node) -> set[str]:
    """ConfigMaps of which a container gets all keys or one."""
    return (
        {source.at("configMapRef.name").text for source in container["envFrom"]}
        | {variable.at("valueFrom.configMapKeyRef.name").text for variable in container["env"]}
    ) - {""}
