"""Reads `prerequisites.yaml`: what the manifests refer to and do not create."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from battlescope_local.manifests.typed_yaml import TypedEntry, parse

FILE_NAME: Final = "prerequisites.yaml"
# By version of IP: a shorter prefix would open a good part of the internet.
SHORTEST_PREFIXES: Final = {4: 8, 6: 16}

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,248}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]


def _network(text: str) -> str:
    network = ip_network(text)
    if network.prefixlen < (shortest := SHORTEST_PREFIXES[network.version]):
        raise ValueError(f"the prefix of a network must be /{shortest} or longer")
    return text


Cidr = Annotated[str, AfterValidator(_network)]


class Kafka(TypedEntry):
    bootstrap_servers: str
    protocol: str
    sasl_mechanism: str


class Topic(TypedEntry):
    """A Kafka topic. `replication` is by environment; `config` has the names and values of Kafka."""

    name: Name
    used_by: str
    partitions: Count
    replication: dict[str, Count]
    config: dict[str, str] = Field(default_factory=dict[str, str])


class Notifications(TypedEntry):
    """Which uploads the object storage reports, and to which topic."""

    events: str
    prefix: str
    topic: Name


class Bucket(TypedEntry):
    name: Name
    secret: Name
    notifications: Notifications | None = None


class Database(TypedEntry):
    name: Name
    owner: Name
    roles: Annotated[tuple[Name, ...], Field(min_length=1)]


class Secret(TypedEntry):
    """A Secret and its keys. `opens` names the workload that its holders may reach."""

    name: Name
    keys: Annotated[tuple[str, ...], Field(min_length=1)]
    purpose: str = ""
    opens: Name | None = None


class Workload(TypedEntry):
    """Pods that NetworkPolicies name; without `pods` all of the namespace. Ports are those of the pods.

    What runs outside the cluster, or on its nodes, has `cidrs`, the networks of its addresses, instead of or beside
    pods.
    """

    name: Name
    namespace: Name | None = None
    pods: dict[str, str] = Field(default_factory=dict[str, str])
    cidrs: tuple[Cidr, ...] = ()
    ports: tuple[Port, ...] = ()

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.namespace is None and not self.cidrs:
            raise ValueError("needs a namespace, cidrs or both")
        if self.namespace is None and self.pods:
            raise ValueError("pods need a namespace")
        return self


class ForeignObject(TypedEntry):
    kind: str
    namespace: Name
    name: Name


class Prerequisites(TypedEntry):
    kafka: Kafka
    topics: tuple[Topic, ...]
    buckets: tuple[Bucket, ...]
    databases: tuple[Database, ...]
    secrets: tuple[Secret, ...]
    workloads: tuple[Workload, ...]
    objects: tuple[ForeignObject, ...]


def load_prerequisites(base: Path) -> Prerequisites:
    """Read the file of a folder of manifests.

    Raises:
        ManifestError: names every field that is missing, unknown or of another type.
    """
    return parse(Prerequisites, base / FILE_NAME)
