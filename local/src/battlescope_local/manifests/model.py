"""The manifests in `knative/` as values, with Knative's names.

`loading.py` reads them from YAML; Brokers, services, gateways and timers run by them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

ATTRIBUTE_NAME: Final = re.compile(r"[a-z0-9]+")  # of a CloudEvent


@dataclass(frozen=True, slots=True)
class ServiceRef:
    """A destination that is a Knative Service of the manifests, with an optional path (`ref` and `uri`)."""

    name: str
    path: str = "/"


@dataclass(frozen=True, slots=True)
class BrokerRef:
    name: str


@dataclass(frozen=True, slots=True)
class KafkaSinkRef:
    name: str


@dataclass(frozen=True, slots=True)
class UriRef:
    uri: str


Destination = ServiceRef | BrokerRef | KafkaSinkRef | UriRef


@dataclass(frozen=True, slots=True)
class EnvVar:
    """One environment variable: a literal value, or a key of a Secret or ConfigMap."""

    name: str
    value: str | None = None
    secret: tuple[str, str] | None = None
    config_map: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """The only container of a Service or Job. An empty command means that of the image.

    cpu_request: its share of a busy machine, in thousandths of a core; None where the manifest has none.
    """

    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from_secrets: tuple[str, ...] = ()
    env_from_config_maps: tuple[str, ...] = ()
    readiness_path: str | None = None
    cpu_request: int | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Autoscaling of one revision; times in seconds, `max_scale` 0 means no limit, as in Knative."""

    min_scale: int = 0
    max_scale: int = 0
    target: float = 100.0
    target_utilization: float = 0.7
    container_concurrency: int = 0
    window: float = 60.0
    retention: float = 0.0
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    container: Container
    scale: Scale = Scale()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    service_account: str = "default"


@dataclass(frozen=True, slots=True)
class Job:
    """A batch Job that runs to completion before functions start (migrations, first import of static data)."""

    name: str
    container: Container
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    service_account: str = "default"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a Trigger, Broker or source delivers; delays and timeouts in seconds."""

    retry: int = 0
    backoff_policy: Literal["linear", "exponential"] = "exponential"
    backoff_delay: float = 0.2
    timeout: float = 600.0
    dead_letter_sink: Destination | None = None


@dataclass(frozen=True, slots=True)
class Broker:
    """A Broker with the settings of its topic, which Knative creates unless `external_topic` names an existing one."""

    name: str
    namespace: str
    partitions: int
    replication_factor: int
    topic_config: Mapping[str, str] = field(default_factory=dict[str, str])
    external_topic: str | None = None
    delivery: Delivery = Delivery()

    @property
    def topic(self) -> str:
        """Topic name, which is the default of Knative's Kafka Broker unless the manifest names one."""
        return self.external_topic or f"knative-broker-{self.namespace}-{self.name}"


@dataclass(frozen=True, slots=True)
class Exact:
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prefix:
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Suffix:
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AllOf:
    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    filter: "Filter"


Filter = Exact | Prefix | Suffix | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Trigger:
    """Sends those events of a Broker that match all filters to the subscriber; without filters, all events."""

    name: str
    namespace: str
    broker: str
    subscriber: Destination
    filters: tuple[Filter, ...] = ()
    ordered: bool = False
    delivery: Delivery = Delivery()

    @property
    def consumer_group(self) -> str:
        """Consumer group, the default of Knative's Kafka Broker."""
        return f"knative-trigger-{self.namespace}-{self.name}"


@dataclass(frozen=True, slots=True)
class KafkaSink:
    """A sink that stores events in an existing topic."""

    name: str
    namespace: str
    topic: str
    partitions: int = 1
    topic_config: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class PingSource:
    """A timer whose events have no data. `schedule` has five cron fields, or six with seconds first."""

    name: str
    namespace: str
    schedule: str
    sink: Destination
    timezone: str = "UTC"
    extensions: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class SinkBinding:
    """Sets K_SINK and K_CE_OVERRIDES of the Service named `subject`."""

    name: str
    subject: str
    sink: Destination
    extensions: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """One match of an HTTPRoute: an exact path or a path prefix, and the Service that serves it as `host`."""

    path: str
    kind: Literal["Exact", "PathPrefix"]
    service: str
    host: str


@dataclass(frozen=True, slots=True)
class Manifests:
    services: tuple[Service, ...] = ()
    jobs: tuple[Job, ...] = ()
    brokers: tuple[Broker, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    kafka_sinks: tuple[KafkaSink, ...] = ()
    ping_sources: tuple[PingSource, ...] = ()
    sink_bindings: tuple[SinkBinding, ...] = ()
    routes: tuple[RouteMatch, ...] = ()
    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    service_accounts: tuple[str, ...] = ()
